"""`datavault quarantine`: the bad records: look at them, take them out, send them again."""

import typer

from . import export, listing, replay, summary

app = typer.Typer(help="Bad records: look at them, export them, replay them.", no_args_is_help=True)
app.command("list")(listing.list_objects)
app.command("summary")(summary.summary)
app.command("show")(listing.show)
app.command("export")(export.export)
app.command("replay")(replay.replay)
