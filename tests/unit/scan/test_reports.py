"""The reports say what every tool has said, and data in them stays data."""

from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from scripts.scan import page, sarif
from scripts.scan.exceptions import Accepted, judge
from scripts.scan.findings import Answer, Finding, Result, Status
from scripts.scan.runner import judge as judge_scan

HOSTILE = Finding("R1", "a b.py", "<script>alert(1)</script>", 'said "<b>', "high", 3)
ACCEPTED = Finding("R2", "Dockerfile", message="no health check", severity="low")
ENTRY = Accepted("trivy-config", "R2", "Dockerfile", "Kubernetes asks", date(2027, 6, 1))
GONE = Accepted("trivy-config", "R3", "Dockerfile", "gone", date(2027, 6, 1))
RESULTS = [
    Result("gitleaks", "secrets", Status.CLEAN, 1, Answer("8.30.1", [], note="7 commits")),
    Result("trivy-config", "misconfiguration", Status.FINDINGS, 2, Answer("0.58.1", [HOSTILE, ACCEPTED])),
    Result("osv-scanner", "vulnerabilities", Status.NOT_RUN, 3, reason="no database"),
]
ENTRIES = [ENTRY, GONE]
VERDICT = judge(RESULTS, ENTRIES, date(2026, 11, 30))


class Tables(HTMLParser):
    """The cells of each row of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}


def rendered(*, offline: bool = False) -> str:
    failures = judge_scan(RESULTS, 1, 1, offline=offline)
    return page.render(
        RESULTS, VERDICT, ENTRIES, page.Facts("abc", datetime(2026, 11, 30, tzinfo=UTC), failures, offline)
    )


def test_the_page_has_a_row_for_each_tool_with_version_status_findings_and_exceptions() -> None:
    rows = Tables(rendered()).rows
    assert ["gitleaks", "8.30.1", "secrets", "clean", "0", "0", "", "7 commits", "1"] in rows
    assert ["trivy-config", "0.58.1", "misconfiguration", "findings", "1", "1", "", "", "2"] in rows
    assert ["osv-scanner", "", "vulnerabilities", "NOT RUN", "", "", "", "no database", "3"] in rows
    assert ["trivy-config", "R2", "Dockerfile", "Kubernetes asks", "2027-06-01", "valid"] in rows
    assert ["trivy-config", "R3", "Dockerfile", "gone", "2027-06-01", "unused"] in rows
    assert ["trivy-config", "R1", "high", "a b.py:3 <script>alert(1)</script>", 'said "<b>'] in rows


def test_what_a_tool_says_never_becomes_markup_and_the_page_asks_nobody() -> None:
    text = rendered()
    assert Tables(text).tags.isdisjoint({"script", "b", "img", "link", "iframe"})
    assert "default-src 'none'" in text


@pytest.mark.parametrize(("offline", "said"), [(False, "NOT RUN: osv-scanner"), (True, "proves nothing")])
def test_the_page_says_why_the_scan_failed_and_what_was_not_run(offline: bool, said: str) -> None:
    assert said in rendered(offline=offline)


def test_the_sarif_file_has_a_run_for_each_tool_and_says_which_did_not_run() -> None:
    document = sarif.write(RESULTS, VERDICT, ENTRIES)
    assert document["version"] == "2.1.0"
    clean, found, not_run = document["runs"]
    assert [run["tool"]["driver"]["name"] for run in document["runs"]] == ["gitleaks", "trivy-config", "osv-scanner"]
    assert clean["results"] == []
    assert clean["invocations"] == [{"executionSuccessful": True}]
    assert not_run["invocations"][0]["executionSuccessful"] is False
    assert "NOT RUN: no database" in str(not_run["invocations"])
    assert found["tool"]["driver"]["rules"] == [{"id": "R1"}, {"id": "R2"}]
    hostile, accepted = found["results"]
    assert hostile["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b.py"},
        "region": {"startLine": 3},
    }
    assert (hostile["level"], "suppressions" in hostile) == ("error", False)
    assert accepted["suppressions"] == [{"kind": "external", "justification": "Kubernetes asks"}]


@pytest.mark.parametrize(
    ("statuses", "open_findings", "outdated", "offline", "fails"),
    [
        ([Status.CLEAN], 0, 0, False, False),
        ([Status.FINDINGS], 0, 0, False, False),
        ([Status.FINDINGS], 1, 0, True, True),
        ([Status.CLEAN], 0, 1, True, True),
        ([Status.NOT_RUN], 0, 0, False, True),
        ([Status.NOT_RUN], 0, 0, True, False),
        ([Status.BROKEN], 0, 0, True, True),
    ],
)
def test_the_scan_fails_by_open_findings_old_exceptions_broken_tools_and_those_not_run(
    statuses: list[Status],
    open_findings: int,
    outdated: int,
    offline: bool,
    fails: bool,
) -> None:
    results = [Result("a", "", status, 0) for status in statuses]
    assert bool(judge_scan(results, open_findings, outdated, offline=offline)) is fails
