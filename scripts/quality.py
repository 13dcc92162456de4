"""`make quality`: every gate of the code's quality, all of them at each run, and the reports that Sonar reads.

In: the coverage that `make test-unit` wrote. Out: build/reports/quality/ (ruff.json, mypy.txt, jscpd-report.json) and a
table. Exit code 1 when any gate fails, and each says what to do.

usage: quality.py --coverage PERCENT FOLDER…        the folders are ruff's
"""

import argparse
import json
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
# Jenkins reads build/reports/*.xml as tests' results, and a report of coverage is none.
REPORTS = Path("build/reports/quality")
JSCPD = ROOT / ".local/quality/venv/bin/jscpd"


@dataclass(frozen=True)
class Verdict:
    """What a gate found; `problems` is what a person reads when it fails."""

    gate: str
    found: str
    limit: str
    passed: bool
    problems: str = ""
    hint: str = ""


def judge_coverage(root: Path, percent: float) -> Verdict:
    """Lines and branches of the library that the unit tests ran."""
    limit = f"{percent:g} %"
    file = root / REPORTS / "coverage.xml"
    if not file.is_file():
        return Verdict("coverage", "no report", limit, passed=False, hint="make test-unit")
    report = ET.parse(file).getroot()  # noqa: S314  coverage.py wrote it
    covered, valid = (
        sum(int(report.get(f"{part}-{kind}", "0")) for part in ("lines", "branches")) for kind in ("covered", "valid")
    )
    share = 100 * covered / valid if valid else 0.0
    words = f"{share:.2f} % of {valid:,} lines and branches"
    passed = share >= percent
    return Verdict("coverage", words, limit, passed, hint="make test-unit shows what no test ran")


def judge_style(root: Path, folders: list[str]) -> list[Verdict]:
    """Ruff's rules, and among them complexity; the local cloud has a ruff and rules of its own."""
    file = root / REPORTS / "ruff.json"
    findings = _ruff(root, [sys.executable, "-m", "ruff"], folders)
    if (root / "localcloud").is_dir():
        findings += _ruff(root / "localcloud", [".venv/bin/ruff"], ["src", "tests"])
    file.write_text(json.dumps(findings, indent=1))
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    most = settings["mccabe"]["max-complexity"]
    return [
        _of_ruff("style", "0", [one for one in findings if one["code"] != "C901"], root),
        _of_ruff("complexity", f"{most} a function", [one for one in findings if one["code"] == "C901"], root),
    ]


def _ruff(folder: Path, command: list[str], paths: list[str]) -> list[dict[str, object]]:
    done = _run([*command, "check", "--quiet", "--output-format", "json", *paths], folder)
    if done.returncode not in {0, 1}:  # 2: it did not judge
        raise SystemExit(f"quality: ruff broke off:\n{done.stderr}")
    findings: list[dict[str, object]] = json.loads(done.stdout)
    return findings


def _of_ruff(gate: str, limit: str, findings: list[dict[str, object]], root: Path) -> Verdict:
    lines = [
        f"{Path(str(one['filename'])).relative_to(root)}:{one['location']['row']}: {one['code']} {one['message']}"  # type: ignore[index]
        for one in findings
    ]
    words = f"{len(lines)} findings" if gate == "style" else f"{len(lines)} functions above"
    return Verdict(gate, words, limit, not lines, "\n".join(lines), "make format mends some; split what is too complex")


def judge_types(root: Path) -> Verdict:
    """Mypy, strict, of the library and what else pyproject.toml names; of the local cloud as well."""
    texts, passed = [], True
    local = root / "localcloud"
    for folder, command in ((root, [sys.executable, "-m", "mypy"]), (local, [".venv/bin/python", "-m", "mypy"])):
        if folder.is_dir():
            done = _run(command, folder)
            passed = passed and done.returncode == 0
            texts.append(done.stdout + done.stderr)
    text = "".join(texts)
    (root / REPORTS / "mypy.txt").write_text(text)
    errors = sum(": error: " in line for line in text.splitlines())
    return Verdict("types", f"{errors} errors", "0", passed, "" if passed else text, ".venv/bin/mypy")


def judge_duplication(root: Path) -> Verdict:
    """Copies of 50 tokens and more, as .jscpd.json says."""
    limit = json.loads((root / ".jscpd.json").read_text())["threshold"]
    # Written before the verdict, and gone if jscpd breaks off: an old report would pass for this run's.
    report = root / REPORTS / "jscpd-report.json"
    report.unlink(missing_ok=True)
    reporters = ["--reporters", "json,console", "--output", str(root / REPORTS), "--no-colors", "--fail-on-empty"]
    done = _run([str(JSCPD), *reporters], root)
    if not report.is_file():
        raise SystemExit(f"quality: jscpd broke off:\n{done.stdout}{done.stderr}\n  hint: scripts/setup quality")
    total = json.loads(report.read_text())["statistics"]["total"]
    words = f"{total['percentage']:.2f} % of {total['lines']:,} lines"
    return Verdict("duplication", words, f"{limit:g} %", done.returncode == 0, done.stdout, "say it once")


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  our own words


def judge(root: Path, percent: float, folders: list[str]) -> list[Verdict]:
    """Every gate's verdict; none waits for another."""
    (root / REPORTS).mkdir(parents=True, exist_ok=True)
    gates: list[Callable[[], list[Verdict]]] = [
        lambda: [judge_coverage(root, percent)],
        lambda: judge_style(root, folders),
        lambda: [judge_types(root)],
        lambda: [judge_duplication(root)],
    ]
    return [verdict for gate in gates for verdict in gate()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coverage", type=float, required=True)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    verdicts = judge(ROOT, arguments.coverage, arguments.folders)
    console = Console(soft_wrap=True, highlight=False)
    for verdict in verdicts:
        if not verdict.passed and verdict.problems:
            console.print(f"{verdict.gate}:\n{verdict.problems}", markup=False)
    table = Table("gate", "found", "limit", "", header_style="bold")
    for verdict in verdicts:
        table.add_row(verdict.gate, verdict.found, verdict.limit, "passed" if verdict.passed else "FAILED")
    console.print(table)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        sys.stderr.write(f"quality: {verdict.gate}: {verdict.found}\n  hint: {verdict.hint}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
