"""`datavault console`: a local web page that shows the pipeline. It only reads."""

from functools import partial
from typing import Annotated

import typer

from ..context import Context, Failure
from .collect import answer, look, records, renewing
from .server import HOST, Console, Sources

# On the laptop a look costs nothing. In an account each wakes the warehouse, which is billed for a minute at least.
_LOCAL_REFRESH_SECONDS = 15.0


def console(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=0, max=65535)] = 8090,
    refresh_seconds: Annotated[
        float | None,
        typer.Option(help="Look again after so many seconds, 0: by the button alone; on the laptop 15, else 0."),
    ] = None,
) -> None:
    """Serve a page that shows the pipeline, on this machine alone, until Ctrl-C."""
    run: Context = context.obj
    default = _LOCAL_REFRESH_SECONDS if run.stack.endpoint_url else 0.0
    seconds = default if refresh_seconds is None else refresh_seconds
    sources = Sources(renewing(partial(look, run)), renewing(partial(records, run)), renewing(partial(answer, run)))
    try:
        server = Console(port, sources, seconds)
    except OSError as error:
        raise Failure(f"cannot listen on {HOST}:{port}: {error.strerror}", "choose another --port") from error
    with server:
        run.out.print(f"{run.env}: http://{HOST}:{server.server_port}/ (Ctrl-C ends it)", highlight=False)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            run.err.print("ended", highlight=False)
