"""`make sonar`, against a server that answers as SonarQube does: what it asks, what it prints, when it fails."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scripts.sonar import __main__ as command
from scripts.sonar import gate, server
from scripts.sonar.api import Api, SonarError

PASSED = {"projectStatus": {"status": "OK", "conditions": [{"status": "OK", "metricKey": "bugs"}]}}
FAILED = {
    "projectStatus": {
        "status": "ERROR",
        "conditions": [
            {"status": "OK", "metricKey": "bugs", "actualValue": "0", "errorThreshold": "0"},
            {"status": "ERROR", "metricKey": "coverage", "actualValue": "94.9", "errorThreshold": "95"},
        ],
    }
}
ISSUE = {"component": "datavault:lambdas/a.py", "line": 7, "rule": "python:S1", "message": "Mend this."}


class Sonar:
    """What a SonarQube has been asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Any] = {
            "measures/component": {"component": {"measures": [{"metric": "coverage", "value": "94.9"}]}},
            "qualitygates/project_status": PASSED,
            "qualitygates/show": {"conditions": [{"id": "given-1"}, {"id": "given-2"}]},
            "issues/search": {"issues": [ISSUE]},
            "user_tokens/generate": {"token": "a-token"},
        }
        self.status = 200


@pytest.fixture
def sonar() -> Sonar:
    return Sonar()


@pytest.fixture
def url(sonar: Sonar) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def answer(self, words: str) -> None:
            path = urlsplit(self.path).path.removeprefix("/api/")
            sonar.asked.append((path, {name: values[0] for name, values in parse_qs(words).items()}))
            body = json.dumps(sonar.answers[path]).encode() if path in sonar.answers else b""
            self.send_response(sonar.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What pysonar was told; it ends with 0."""
    told: list[tuple[str, str]] = []
    monkeypatch.setenv("SONAR_HOST_URL", url)
    monkeypatch.setenv("SONAR_TOKEN", "secret")
    monkeypatch.setattr("sys.argv", ["sonar", "--coverage", "95"])
    monkeypatch.setattr(command, "analyse", lambda *given: told.append(given) or 0)
    return told


def test_an_analysis_that_passes_the_gate_prints_figures_and_ends_with_0(
    run: list[tuple[str, str]], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main() == 0
    assert run == [(url, "secret")]
    lines = capsys.readouterr().out.splitlines()
    assert "coverage, %                          94.9" in lines
    assert "bugs                                 -" in lines
    assert lines[-1] == "lambdas/a.py:7: python:S1 Mend this."


@pytest.mark.usefixtures("run")
def test_a_gate_that_fails_ends_with_1_and_says_which_condition(
    sonar: Sonar, capsys: pytest.CaptureFixture[str]
) -> None:
    sonar.answers["qualitygates/project_status"] = FAILED
    assert command.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "sonar: the quality gate failed: coverage is 94.9, and the limit 95"
    )


@pytest.mark.usefixtures("run")
def test_a_project_without_a_gate_does_not_pass(sonar: Sonar, capsys: pytest.CaptureFixture[str]) -> None:
    sonar.answers["qualitygates/project_status"] = {"projectStatus": {"status": "NONE", "conditions": []}}
    assert command.main() == 1
    assert "the gate says NONE" in capsys.readouterr().err


@pytest.mark.usefixtures("run")
def test_a_scanner_that_breaks_off_ends_with_1_whatever_the_gate_said_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "analyse", lambda *_: 3)
    assert command.main() == 1
    assert "pysonar ended with 3" in capsys.readouterr().err


@pytest.mark.usefixtures("run")
def test_a_server_that_refuses_the_token_gives_a_reason_and_a_hint(
    sonar: Sonar, capsys: pytest.CaptureFixture[str]
) -> None:
    sonar.status = 401
    assert command.main() == 1
    words = capsys.readouterr().err
    assert ": 401" in words
    assert "hint: SONAR_TOKEN has to be of a user" in words


@pytest.mark.parametrize(("address", "words"), [("http://127.0.0.1:1", "does not answer"), ("sonar", "is 'sonar'")])
@pytest.mark.usefixtures("run")
def test_a_wrong_address_gives_a_reason_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str, words: str
) -> None:
    monkeypatch.setenv("SONAR_HOST_URL", address)
    assert command.main() == 1
    said = capsys.readouterr().err
    assert words in said
    assert "hint: " in said


def test_a_server_of_our_own_gets_a_gate_of_our_limits_and_no_other(sonar: Sonar, url: str) -> None:
    assert gate.set_up(Api(url, "admin", "admin"), gate.conditions("95", "0.2")) == "a-token"
    deleted = [given["id"] for path, given in sonar.asked if path == "qualitygates/delete_condition"]
    made = [
        (given["metric"], given["op"], given["error"])
        for path, given in sonar.asked
        if path == "qualitygates/create_condition"
    ]
    assert deleted == ["given-1", "given-2"]
    assert made == [
        ("bugs", "GT", "0"),
        ("vulnerabilities", "GT", "0"),
        ("sqale_rating", "GT", "1"),
        ("coverage", "LT", "95"),
        ("duplicated_lines_density", "GT", "0.2"),
    ]
    assert ("qualitygates/select", {"gateName": "datavault", "projectKey": "datavault"}) in sonar.asked


def test_pysonar_waits_for_the_gate_and_reads_the_token_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner = tmp_path / "pysonar"
    scanner.write_text('#!/bin/sh\necho "$SONAR_HOST_URL $SONAR_TOKEN $*"\nexit 3\n')
    scanner.chmod(0o755)
    log = tmp_path / "build/reports/quality/sonar.log"
    log.parent.mkdir(parents=True)
    monkeypatch.setattr(command, "PYSONAR", scanner)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.analyse("https://sonar.example.com", "secret") == 3
    assert log.read_text() == (
        "https://sonar.example.com secret -Dsonar.qualitygate.wait=true -Dsonar.qualitygate.timeout=900\n"
    )


def test_another_archive_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "sonar.zip"
    archive.write_bytes(b"another")
    with pytest.raises(SonarError, match="another SHA-256"):
        server.check(archive, server.SHA256)


@pytest.mark.parametrize(
    ("modules", "fits"),
    [("jdk.jdi@25.0.1", True), ("jdk.jdi@21.0.2", True), ("jdk.jdi@17.0.15", False), ("java.sql@25", False)],
)
def test_a_jdk_of_the_right_release_is_taken_and_a_jre_is_not(tmp_path: Path, modules: str, fits: bool) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho java.base@{modules.partition('@')[2]}\necho {modules}\n")
    java.chmod(0o755)
    assert server._fits(str(java)) is fits


def test_without_a_jdk_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_fits", lambda _: False)
    with pytest.raises(SonarError, match="needs a JDK 21 or 25, and there is none\n  hint: install one"):
        server.find_java()


def test_properties_name_the_reports_that_make_quality_writes() -> None:
    lines = (command.ROOT / "sonar-project.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert properties["sonar.projectKey"] == gate.PROJECT
    assert properties["sonar.python.coverage.reportPaths"] == "build/reports/quality/coverage.xml"
    assert properties["sonar.python.ruff.reportPaths"] == "build/reports/quality/ruff.json"
    assert properties["sonar.python.mypy.reportPaths"] == "build/reports/quality/mypy.txt"
    assert properties["sonar.python.xunit.reportPath"] == "build/reports/test-unit.xml"


def test_every_accepted_finding_is_one_rule_in_one_file_that_is_there() -> None:
    text = (command.ROOT / "sonar-project.properties").read_text()
    properties = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    names = properties["sonar.issue.ignore.multicriteria"].split(",")
    assert len(names) == text.count(".ruleKey=") == text.count(".resourceKey=")
    for name in names:
        assert "*" not in properties[f"sonar.issue.ignore.multicriteria.{name}.ruleKey"]
        assert (command.ROOT / properties[f"sonar.issue.ignore.multicriteria.{name}.resourceKey"]).is_file()
