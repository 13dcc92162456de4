"""The scan as a whole, with tools that say "clean": without a database that is no answer, and the scan fails."""

import json
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scripts.scan import __main__ as command
from scripts.scan.machine import Machine
from typer.testing import CliRunner, Result

ROOT = Path(__file__).parents[3]
DAY = timedelta(days=1)
# Says "clean" whatever it is asked, as pip-audit does without its service, and osv-scanner in some of its modes.
TOOL = """#!/usr/bin/env bash
set -euo pipefail
case "$*" in
  "trivy version"*) cat "{answers}/trivy-version.json" ;;
  "osv-scanner --version") echo "osv-scanner version: 2.5.0" ;;
  "gitleaks version") echo 8.30.1 ;;
  *" update-only "* | *--download-db-only*) exit {update_code} ;;
  *)
    while [[ $# -gt 0 ]]; do
      case $1 in
        --output | --output-file) cp "{answers}/${{tool:=}}.json" "$2"; shift ;;
        -Dodc.outputDirectory=*) cp "{answers}/dependency-check.json" "${{1#*=}}/dependency-check-report.json" ;;
        --report-path=*) echo '[]' >"${{1#*=}}" ;;
        trivy | osv-scanner | dependency-check) tool=$1 ;;
      esac
      shift
    done
    echo "No vulnerabilities found"
    echo "{log}" >&2
    exit {code} ;;
esac
"""
CLEAN = {
    "trivy": {"SchemaVersion": 2, "Results": [{"Target": "Python", "Packages": [{"Name": "six"}]}]},
    "osv-scanner": {"results": [{"source": {"path": "uv.lock"}, "packages": [{"package": {"name": "six"}}]}]},
    "dependency-check": {"scanInfo": {"engineVersion": "13.0.0"}, "dependencies": [{"fileName": "", "filePath": ""}]},
    "trivy-version": {"Version": "0.58.1"},
}

Scan = Callable[..., Result]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """`make scan` of one tool, with the made-up tools; `answers` are laid over what they say."""
    answers = tmp_path / "answers"
    answers.mkdir()
    monkeypatch.setenv("SCAN_DATABASES", str(tmp_path / "databases"))
    monkeypatch.delenv("SCAN_OFFLINE", raising=False)
    monkeypatch.setattr(command, "OUT", tmp_path / "reports")
    monkeypatch.setattr(command, "EXCEPTIONS", tmp_path / "scan-exceptions.toml")
    (tmp_path / "scan-exceptions.toml").touch()

    def run(tool: str, *, answers_also: dict[str, object] | None = None, **shell: object) -> Result:
        for name, content in (CLEAN | (answers_also or {})).items():
            (answers / f"{name}.json").write_text(json.dumps(content))
        fake = tmp_path / "tool"
        fake.write_text(TOOL.format(**({"code": 0, "update_code": 0, "log": "", "answers": answers} | shell)))
        fake.chmod(0o755)

        def machine(_work: Path, databases: Path, image: str) -> Machine:
            made = Machine(tmp_path / "work", databases, image, tools=fake)
            code, zips, bills = (tmp_path / name for name in ("code", "zips", "processor.cdx.json"))
            (code / "app").mkdir(parents=True, exist_ok=True)
            (code / "app/uv.lock").touch()
            zips.mkdir(exist_ok=True)
            bills.touch()
            made.__dict__.update(
                code=code, deployed=code, zips={"processor": zips}, bills={"processor": bills}, image_archive=bills
            )
            return made

        monkeypatch.setattr(command, "Machine", machine)
        return CliRunner().invoke(command.app, ["--only", tool])

    return run


@pytest.fixture
def osv_database(tmp_path: Path) -> Path:
    archive = tmp_path / "databases/osv/osv-scalibr/PyPI/all.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("PYSEC-0.json", "{}")
    return archive


def trivy_database(age: timedelta) -> dict[str, object]:
    day = (datetime.now(UTC) - age).isoformat()
    return {"trivy-version": {"Version": "0.58.1", "VulnerabilityDB": {"UpdatedAt": day}}}


def checked_database(age: timedelta) -> dict[str, object]:
    day = (datetime.now(UTC) - age).isoformat()
    source = [{"name": "NVD API Last Checked", "timestamp": day}]
    return {"dependency-check": CLEAN["dependency-check"] | {"scanInfo": {"engineVersion": "13", "dataSource": source}}}


@pytest.mark.parametrize("tool", ["osv-scanner", "trivy-sbom", "dependency-check"])
def test_a_tool_that_says_clean_without_a_database_is_not_run_and_the_scan_fails(scan: Scan, tool: str) -> None:
    done = scan(tool)
    assert done.exit_code == 1, done.output
    assert "NOT RUN" in done.output
    assert "no database" in done.output
    assert f"scan failed: NOT RUN: {tool}" in done.output


@pytest.mark.parametrize("tool", ["osv-scanner", "trivy-sbom", "dependency-check"])
def test_said_to_be_offline_it_passes_and_says_loudly_what_it_has_not_proved(
    scan: Scan, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAN_OFFLINE", "1")
    done = scan(tool)
    assert done.exit_code == 0, done.output
    assert f"NOT RUN, which SCAN_OFFLINE=1 accepts: {tool}. It proves nothing" in done.output


def test_with_their_databases_the_same_answers_are_clean(scan: Scan, osv_database: Path) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for tool, also in (
        ("osv-scanner", {}),
        ("trivy-sbom", trivy_database(timedelta())),
        ("dependency-check", checked_database(timedelta())),
    ):
        done = scan(tool, answers_also=also)
        assert done.exit_code == 0, done.output
        assert f"database of {today}" in done.output


def test_a_database_that_was_handed_over_counts_though_no_newer_one_could_be_fetched(scan: Scan) -> None:
    for tool, also in (("trivy-sbom", trivy_database(DAY)), ("dependency-check", checked_database(DAY))):
        done = scan(tool, answers_also=also, update_code=1)
        assert done.exit_code == 0, done.output


def test_a_database_of_last_week_is_none(scan: Scan, osv_database: Path) -> None:
    old = (datetime.now(UTC) - 8 * DAY).timestamp()
    os.utime(osv_database, (old, old))
    for tool, also in (
        ("osv-scanner", {}),
        ("trivy-sbom", trivy_database(8 * DAY)),
        ("dependency-check", checked_database(8 * DAY)),
    ):
        done = scan(tool, answers_also=also)
        assert done.exit_code == 1, done.output
        assert "old database" in done.output


@pytest.mark.parametrize("tool", ["osv-scanner", "trivy-sbom", "trivy-secret"])
def test_a_tool_that_fails_is_broken_and_being_offline_does_not_excuse_it(
    scan: Scan, tool: str, osv_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAN_OFFLINE", "1")
    done = scan(tool, answers_also=trivy_database(timedelta()), code=3, log="out of memory")
    assert done.exit_code == 1, done.output
    assert "BROKEN" in done.output
    assert "out of memory" in done.output


@pytest.mark.parametrize(
    ("tool", "also"),
    [
        ("osv-scanner", {"osv-scanner": {"results": []}}),
        ("trivy-sbom", {"trivy": {"SchemaVersion": 2}}),
        ("trivy-config", {"trivy": {"SchemaVersion": 2}}),
        ("trivy-secret", {"trivy": {"SchemaVersion": 2}}),
        ("trivy-image-secret", {"trivy": {"SchemaVersion": 2}}),
        ("trivy-image-vuln", {"trivy": {"SchemaVersion": 2}}),
        ("gitleaks", {}),
    ],
)
def test_a_tool_that_has_seen_nothing_is_broken_and_not_clean(
    scan: Scan, tool: str, also: dict[str, object], osv_database: Path
) -> None:
    done = scan(tool, answers_also=trivy_database(timedelta()) | also, log="0 commits scanned")
    assert done.exit_code == 1, done.output
    assert f"scan failed: broken: {tool}" in done.output


def test_a_finding_fails_the_scan_until_it_is_accepted_and_again_when_it_is_gone(
    scan: Scan, tmp_path: Path, osv_database: Path
) -> None:
    package = {"package": {"name": "six", "version": "1"}, "groups": [{"ids": ["PYSEC-1"], "max_severity": "9.8"}]}
    hole = {"osv-scanner": {"results": [{"source": {"path": "uv.lock"}, "packages": [package]}]}}
    done = scan("osv-scanner", answers_also=hole, code=1)
    assert (done.exit_code, "open: osv-scanner PYSEC-1 at uv.lock#six@1" in done.output) == (1, True), done.output

    until = datetime.now(UTC).date() + 30 * DAY
    accepted = (
        f'tool = "osv-scanner"\nrule = "PYSEC-1"\nplace = "uv.lock#six@1"\nreason = "made up"\nexpires = {until}\n'
    )
    (tmp_path / "scan-exceptions.toml").write_text(f"[[exception]]\n{accepted}")
    done = scan("osv-scanner", answers_also=hole, code=1)
    assert done.exit_code == 0, done.output
    (run,) = json.loads((tmp_path / "reports/scan.sarif").read_text())["runs"]
    assert run["results"][0]["suppressions"] == [{"kind": "external", "justification": "made up"}]

    done = scan("osv-scanner")
    assert done.exit_code == 1
    assert "unused: osv-scanner PYSEC-1 at uv.lock#six@1" in done.output


def test_a_tool_that_there_is_not_is_refused_with_those_that_there_are(scan: Scan) -> None:
    done = scan("nix")
    assert done.exit_code == 2
    assert "hint: there are gitleaks, rules," in done.output
