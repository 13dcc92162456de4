"""`make preview`, `preview-destroy`, `preview-sweep`, `preview-list`: the stacks of branches."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from .names import expired, preview_of, project_name
from .places import ROOT, LocalCloud, NotSetUpError, Place, dev_account
from .stack import synth

_LOCK = ROOT / "infrastructure" / ".terraform.lock.hcl"

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Branch = Annotated[str, typer.Argument(help="The branch; its name gives the preview's.")]
Aws = Annotated[bool, typer.Option("--aws", help="In the account of dev, not on the local cloud.")]


class FailedError(Exception):
    """Terraform ended with an error, which it has shown."""


@app.command()
def up(
    branch: Branch,
    aws: Aws = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without asking, as CI must.")] = False,
) -> None:
    """Make or update a branch's preview; its life begins anew."""
    place = _place(aws)
    preview = preview_of(branch, prefix=place.prefix, account=place.account, now=datetime.now(UTC))
    root = synth(_folder(), place, preview.project_name, preview)
    _terraform(place, root, "apply", *(["-auto-approve"] if yes or not aws else []))
    typer.echo(
        f"{preview.project_name}: until {preview.tags['expires']}; `make preview-destroy BRANCH={branch}` ends it"
    )


@app.command()
def destroy(branch: Branch, aws: Aws = False) -> None:
    """Destroy a branch's preview, with its data."""
    place = _place(aws)
    _destroy(place, project_name(branch, place.prefix, place.account))


@app.command("list")
def list_previews(aws: Aws = False) -> None:
    """Show the previews that there are, and until when."""
    now = datetime.now(UTC)
    for name, record in _place(aws).previews():
        state = "expired" if expired(record, now) else "alive"
        branch, until = (record["branch"], record["expires"]) if record else "??"
        typer.echo(f"{name}  {branch}  {until}  {state}")


@app.command()
def sweep(aws: Aws = False) -> None:
    """Destroy what is past its time; CI calls this every hour. One that fails does not keep the others alive."""
    place, now, failed = _place(aws), datetime.now(UTC), []
    for name, record in list(place.previews()):
        if expired(record, now):
            typer.echo(f"{name}: past its time, destroying")
            try:
                _destroy(place, name)
            except FailedError:
                failed.append(name)
    if failed:
        sys.exit(f"not destroyed: {', '.join(failed)}\n  hint: Terraform's words are above; the next sweep tries again")


def _place(aws: bool) -> Place:
    if aws:
        return dev_account()
    return LocalCloud(f"http://127.0.0.1:{os.environ.get('LOCALCLOUD_PORT', '4566')}", _folder())


def _folder() -> Path:
    return Path(os.environ.get("PREVIEWS", ROOT / ".local" / "previews"))


def _destroy(place: Place, name: str) -> None:
    root = synth(_folder(), place, name, None)
    _terraform(place, root, "destroy", "-auto-approve")
    place.forget(name)


def _terraform(place: Place, root: Path, *arguments: str) -> None:
    (root / _LOCK.name).write_bytes(_LOCK.read_bytes())
    for step in (["init", "-input=false", "-reconfigure", "-lockfile=readonly"], [*arguments]):
        done = subprocess.run(  # noqa: S603  our own script
            [ROOT / "scripts" / "terraform", f"-chdir={root}", *step],
            env=place.environment(),
            stdout=subprocess.DEVNULL if step[0] == "init" else None,
            check=False,
        )
        if done.returncode:
            raise FailedError


def main() -> None:
    """Run the command; a person sees what to do, never a traceback."""
    try:
        app()
    except FailedError:
        sys.exit(1)
    except (NotSetUpError, ValueError) as error:
        sys.exit(f"preview: {error}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}\n  hint: are your credentials those of dev's account?")


if __name__ == "__main__":
    main()
