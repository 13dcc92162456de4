"""The documents say what the code says: reason codes, options, links, paths, names and commands."""

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from datavault import frames, quarantine, warehouse_sql, wire
from datavault.authoring import odcs
from datavault.authoring.check import check_folder
from datavault.authoring.odcs import compile_contract
from datavault.chunk import Chunk, open_chunk
from datavault.edges.kinesis import MAX_CHUNKS
from datavault.identity import RawObject
from datavault.process import Processing
from datavault.reasons import Reason
from datavault.stages import auditor

from .documents import commands, names
from .documents.pages import ROOT, documents, fences, prose

DOCS = ROOT / "docs"
TOUR = DOCS / "tour.md"

_ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
_GOOD_ORDER = {
    "order_id": "ORD-00000001",
    "ordered_at": "2026-03-01T09:30:00Z",
    "customer": {"id": 7, "email": "ann@example.com", "country": "CH"},
    "items": [{"sku": "AB-1234", "quantity": 2, "unit_price": "9.50"}],
    "total": "19.00",
    "gift": False,
}


def process(body: bytes, key: str, version: str = "1") -> tuple[Processing, list[Chunk]]:
    raw = RawObject("datavault-local-raw-data", key, version, datetime(2026, 3, 1, 10, tzinfo=UTC), len(body))
    processing = Processing(raw, compile_contract(ROOT / "contracts" / raw.dataset), BytesIO(body).read)
    return processing, list(processing.chunks())


def rows() -> list[tuple[str, str, str]]:
    return _ROW.findall((DOCS / "reason-codes.md").read_text())


def test_every_reason_code_has_its_row_and_there_is_no_other() -> None:
    assert sorted(code for code, *_ in rows()) == sorted(reason.value for reason in Reason)


@pytest.mark.parametrize(("code", "example"), [(code, text[1:-1]) for code, _, text in rows() if text.startswith('`"')])
def test_an_example_of_a_reason_code_gives_that_code(code: str, example: str) -> None:
    name = example.partition(":")[0]
    kept = {key: value for key, value in _GOOD_ORDER.items() if f'"{key}"' != name}
    body = (json.dumps(kept)[:-1] + f", {example}}}\n").encode()
    processing, chunks = process(body, "orders/example.ndjson")
    assert chunks == []
    _, (entry,) = quarantine.read(processing.quarantine.body.read())
    assert entry.reason == code


def test_the_worked_example_of_the_wire_format_is_what_the_library_makes() -> None:
    text = (DOCS / "wire-format.md").read_text()
    first = next(line for line in text.splitlines() if line.startswith('{"order_id":"ORD-00000001"'))
    second, third, fourth = (first.replace("ORD-00000001", f"ORD-0000000{number}") for number in (2, 3, 4))
    second, fourth = second.replace('"gift":false', '"gift":"yes"'), fourth.replace('["new"]', "null")
    body = "\n".join([first, second, third, "", fourth, '{"order_id":', ""]).encode()
    processing, (chunk,) = process(body, "orders/2026-03-01.ndjson", "k9mVdS0HnQ1uJ3xZ")
    header, records = frames.split(chunk.data, 10_000)
    assert header.decode() in text
    assert frames.decompress(records).decode().splitlines(keepends=True)[-1] in text
    assert processing.receipt().encode().decode() in text
    assert frames.split(processing.quarantine.body.read(), 10_000)[0].decode() in text


def test_the_rows_of_the_wire_format_are_what_the_library_makes() -> None:
    text = (DOCS / "wire-format.md").read_text()
    first, second = (line for line in text.splitlines() if line.startswith("2013,1,1,"))
    names = [field.name for field in compile_contract(ROOT / "contracts/flights").fields]
    records = [dict(zip(names, json.loads(f"[{line}]"), strict=True)) for line in (first, second)]
    _, (chunk,) = process("\n".join(map(json.dumps, records)).encode(), "flights/two.ndjson")
    assert frames.decompress(open_chunk(chunk.data)[1]).decode() == f"{first}\n{second}\n"


REASONS = sorted(path for path in (DOCS / "operations/reasons").glob("*.md") if path.name != "README.md")


def test_every_reason_code_has_a_runbook_and_every_runbook_a_code() -> None:
    assert [path.stem for path in REASONS] == sorted(reason.value for reason in Reason)
    index = (DOCS / "operations/reasons/README.md").read_text()
    assert [path.name for path in REASONS if f"({path.name})" not in index] == []


@pytest.mark.parametrize("page", REASONS, ids=lambda page: page.stem)
def test_the_runbook_of_a_reason_code_has_its_parts_and_shows_that_code(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE) == [
        page.stem,
        "Meaning",
        "How to see it",
        "What the producer does",
        "What the owner of the contract does",
        "Replay",
    ]
    (output,) = [body for language, body in fences(text) if language == "text"]
    assert page.stem in output
    assert f"--reason {page.stem}" in text


def test_every_option_of_a_contract_is_in_the_reference() -> None:
    text = (DOCS / "contracts.md").read_text()
    options = odcs.CONTRACT_PROPERTIES | odcs.OUTPUT_PROPERTIES | odcs.COLUMN_PROPERTIES
    assert [name for name in sorted(options) if f"| `{name}` |" not in text] == []


def test_the_contract_of_the_walkthrough_passes_its_check(tmp_path: Path) -> None:
    steps = (DOCS / "contracts.md").read_text().partition("## Add a data set")[2].partition("\n## ")[0]
    blocks = {language: re.sub(r"^   ", "", body, flags=re.MULTILINE) for language, body in fences(steps)}
    folder = tmp_path / "visits"
    (folder / "reference").mkdir(parents=True)
    (folder / "contract.odcs.yaml").write_text(blocks["yaml"])
    (folder / "reference/countries.csv").write_text(blocks["csv"])
    (folder / "enrich.sql").write_text(blocks["sql"])
    assert check_folder(folder).references == ("countries",)


def each(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


# What changed, and what was decided, is told in the words of its day.
HISTORY = [page for page in documents() if page.name == "CHANGELOG.md" or page.parent.name == "decisions"]
PAGE = each([page for page in documents() if page not in HISTORY])


@each(documents())
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(names.links(page, page.read_text())) == []


@PAGE
def test_every_path_is_in_the_repository(page: Path) -> None:
    assert list(names.paths(page, page.read_text())) == []


@PAGE
def test_every_variable_and_resource_is_in_the_code(page: Path) -> None:
    text = page.read_text()
    assert [*names.variables(text), *names.resources(text)] == []


@PAGE
def test_every_command_exists_with_its_options(page: Path) -> None:
    assert list(commands.commands(page.read_text())) == []


def test_every_function_of_the_tour_is_in_the_file_that_it_links() -> None:
    text = TOUR.read_text()
    assert text.count("()`") > 30
    assert list(names.functions(TOUR, text)) == []


def test_every_message_of_the_troubleshooting_is_said_by_the_code() -> None:
    assert list(names.messages((DOCS / "troubleshooting.md").read_text())) == []


def batch_size(stage: str) -> int:
    (size,) = re.findall(r" batch_size += (\d+)", (ROOT / f"infrastructure/{stage}.tf").read_text())
    return int(size)


def test_the_limits_of_the_architecture_are_those_of_the_code() -> None:
    said = dict(re.findall(r"^\| ([^|`]+) \| ([^|]+) \| ", (DOCS / "architecture.md").read_text(), re.MULTILINE))
    appends, merges = (compile_contract(ROOT / "contracts" / name) for name in ("flights", "orders"))
    statements = [len(warehouse_sql.load(contract, 1, "", "")) for contract in (appends, merges)]
    assert said["chunk, with its header"].split()[-2:] == [str(wire.MIB - wire.CHUNK_LIMIT_BYTES), "bytes"]
    assert said["chunks in one put"] == str(MAX_CHUNKS)
    assert said["chunks in one enrichment"] == str(batch_size("enrichment"))
    assert said["record"].startswith(f"{appends.max_record_bytes // wire.KIB} KiB, ")
    assert said["raw object, decompressed"] == f"{appends.max_object_bytes // wire.MIB**2} TiB, by contract"
    assert said["messages in one load"] == f"{batch_size('loader'):,}"
    assert said["objects in one audit"] == f"{auditor._MOST_UNSEALED:,} without a seal"
    assert said["statements in one load"] == f"{statements[0]}, with merge {statements[1]}"


def test_every_decision_is_in_the_index() -> None:
    index = (DOCS / "decisions/README.md").read_text()
    records = sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))
    assert [name for name in records if f"({name})" not in index] == []
