"""An exception accepts one finding at one place until a day; then, or when it is not needed, it has to go."""

from datetime import date
from pathlib import Path

import pytest
from scripts.scan.exceptions import Accepted, ExceptionsError, judge, read
from scripts.scan.findings import Answer, Finding, Result, Status

TODAY = date(2026, 11, 30)
FOUND = Finding("R1", "modules/queue/main.tf", "aws_sqs_queue.this")


def entry(**changes: object) -> Accepted:
    said = {"tool": "checkov", "rule": "R1", "place": FOUND.place, "reason": "because", "expires": date(2027, 3, 1)}
    return Accepted(**(said | changes))  # type: ignore[arg-type]


def result(*findings: Finding, tool: str = "checkov", status: Status = Status.FINDINGS) -> Result:
    return Result(tool, "", status, 0, Answer("1", list(findings)))


def test_an_exception_accepts_its_finding_and_no_other() -> None:
    other = Finding("R1", "modules/queue/main.tf", "aws_sqs_queue.dead_letter")
    verdict = judge([result(FOUND, other)], [entry()], TODAY)
    assert (verdict.accepted, verdict.open) == ({"checkov": [FOUND]}, {"checkov": [other]})
    assert verdict.unused == verdict.expired == []


@pytest.mark.parametrize("change", [{"rule": "R"}, {"rule": "*"}, {"place": "modules/*"}, {"tool": "trivy-config"}])
def test_nothing_but_the_very_words_accepts(change: dict[str, str]) -> None:
    assert judge([result(FOUND)], [entry(**change)], TODAY).open == {"checkov": [FOUND]}


def test_an_exception_holds_on_its_last_day_and_not_on_the_next() -> None:
    last = entry(expires=TODAY)
    assert judge([result(FOUND)], [last], TODAY).open == {"checkov": []}
    after = judge([result(FOUND)], [last], date(2026, 12, 1))
    assert (after.open, after.expired) == ({"checkov": [FOUND]}, [last])


def test_an_exception_that_nothing_needs_is_unused() -> None:
    assert judge([result(status=Status.CLEAN)], [entry()], TODAY).unused == [entry()]


@pytest.mark.parametrize("status", [Status.NOT_RUN, Status.BROKEN])
def test_a_tool_that_has_not_looked_makes_no_exception_unused(status: Status) -> None:
    assert judge([result(status=status)], [entry()], TODAY).unused == []
    assert judge([result(tool="gitleaks")], [entry()], TODAY).unused == []


GOOD = 'tool = "checkov"\nrule = "R1"\nplace = "Dockerfile"\nreason = "because"\nexpires = 2027-03-01\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("2027-03-01", "2029-01-01"), "expires in more than a year"),
        (GOOD.replace("because", " "), "has no reason"),
        (GOOD.replace('"checkov"', '"nix"'), "no such tool; there are checkov"),
        (GOOD.replace('rule = "R1"\n', ""), "missing required field `rule`"),
        (GOOD.replace("2027-03-01", '"soon"'), "expires"),
        (GOOD + 'severity = "low"\n', "unknown field `severity`"),
        (f"{GOOD}\n[[exception]]\n{GOOD}", "stands there twice"),
        ("=", "scan-exceptions.toml: "),
    ],
)
def test_an_entry_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "scan-exceptions.toml"
    file.write_text(f"[[exception]]\n{text}")
    with pytest.raises(ExceptionsError, match=said):
        read(file, ["checkov"], TODAY)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "scan-exceptions.toml"
    file.write_text(f"[[exception]]\n{GOOD}")
    assert read(file, ["checkov"], TODAY) == [entry(place="Dockerfile")]
