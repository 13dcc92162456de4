"""The demo's report: the page of `datavault console` as one file, with everything that it shows inside."""

from pathlib import Path

from datavault.cli.console.collect import answer, look, records
from datavault.cli.console.page import Content, render
from datavault.cli.context import Context

_QUERY = """SELECT carrier, carrier_name, count(*) AS flights, round(avg(1.0 * arr_delay), 1) AS minutes_late,
count(DISTINCT tailnum) AS aircraft FROM flights GROUP BY carrier, carrier_name ORDER BY flights DESC, carrier"""


def write(path: Path, run: Context, seconds: float | None) -> None:
    snapshot = look(run)
    took = "" if seconds is None else f"{seconds:.1f} s from the first put to the last row of 336,776 flights."
    bad = {entry.object_id for reason in snapshot.reasons for entry in reason.objects}
    content = Content(
        live=False,
        snapshot=snapshot,
        records={object_id: records(run, object_id) for object_id in sorted(bad)},
        answer=answer(run, _QUERY),
        headline=took,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(content), encoding="utf-8")
