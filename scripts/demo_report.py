"""The demo's report: one HTML file without scripts, fonts or anything else from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from datavault.audit import Audit
from datavault.cli.context import Context
from datavault.cli.progress import Loaded
from datavault.edges.warehouse import deadline
from datavault.quarantine import QuarantineEntry, QuarantineHeader

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.n, th.n { text-align: right; } code { font-size: .85em; overflow-wrap: anywhere; }
.ok { color: #197a3e; font-weight: 600; } .bad { color: #c0262d; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content max-content; gap: .1rem 2rem; }
dd { margin: 0; text-align: right; }
"""
_QUERY = """SELECT carrier, carrier_name, count(*) AS flights, round(avg(1.0 * arr_delay), 1) AS minutes_late,
count(DISTINCT tailnum) AS aircraft FROM flights GROUP BY carrier, carrier_name ORDER BY flights DESC, carrier"""
_QUERY_SECONDS = 60.0
_SHOWN_CHARACTERS = 120


def write(  # noqa: PLR0913, PLR0917  the parts of the report
    path: Path,
    run: Context,
    loaded: Sequence[Loaded],
    audit: Audit,
    reasons: Sequence[tuple[QuarantineHeader, QuarantineEntry]],
    seconds: float | None,
) -> None:
    names, rows = run.warehouse.query(_QUERY, deadline(_QUERY_SECONDS))
    facts = {
        "Records in": sum(load.lines for load in loaded),
        "Valid": sum(load.valid for load in loaded),
        "Quarantined": sum(load.quarantined for load in loaded),
        "Chunks": sum(load.chunks for load in loaded),
        "Rows in the warehouse": sum(entry.in_table for entry in audit.objects),
        "Replaced by a later version": sum(entry.superseded for entry in audit.objects),
    }
    verdict = '<span class="ok">balanced</span>' if audit.is_balanced else '<span class="bad">not balanced</span>'
    took = (
        f"<p>{seconds:.1f} s from the first put to the last row of 336,776 flights.</p>" if seconds is not None else ""
    )
    first_of_reason = {entry.reason: (header, entry) for header, entry in reversed(reasons)}
    counts = Counter(entry.reason for _, entry in reasons)
    examples = [
        (reason.value, counts[reason], header.source, entry.line, entry.field, _shown(entry))
        for reason, (header, entry) in sorted(first_of_reason.items())
    ]
    hops = [
        (entry.key, entry.lines, entry.quarantined, entry.valid, entry.parquet, entry.loaded, entry.superseded,
         entry.in_table, "ok" if entry.is_balanced else "NOT BALANCED")
        for entry in audit.objects
    ]  # fmt: skip
    body = [
        f"<h1>DataVault demo: {verdict}</h1>{took}<dl>",
        *(f"<dt>{escape(name)}</dt><dd>{value:,}</dd>" for name, value in facts.items()),
        "</dl><h2>Every raw object, hop by hop</h2>",
        _table(("object", "lines", "bad", "valid", "Parquet", "loaded", "replaced", "in table", ""), hops),
        "<h2>One bad record for each reason</h2>",
        _table(("reason", "records", "object", "line", "field", "original"), examples),
        "<h2>From the warehouse</h2>",
        f"<p><code>{escape(_QUERY)}</code></p>",
        _table(names, rows),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>DataVault demo</title><style>{_STYLE}</style>'
    path.write_text(page + "".join(body) + "</html>\n")


def _shown(entry: QuarantineEntry) -> str:
    original = entry.original or repr(entry.original_bytes)[2:-1]
    return original[:_SHOWN_CHARACTERS] + ("…" if len(original) > _SHOWN_CHARACTERS else "")


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape('' if value is None else str(value))}</td>"
