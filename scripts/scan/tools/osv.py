"""osv-scanner: known vulnerabilities of what every lock file names, ours and those of tests and tools.

With `--offline-vulnerabilities` and no database, release 2.5 leaves its matcher out and ends with 0: nothing found.
So it is asked to fetch its databases, and whatever it says, they have to be there.
"""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ..findings import Answer, BrokenError, Finding
from ..machine import Done, Machine, Tool, read_json, read_report, require_database

# Where each kind of lock file looks its packages up.
ECOSYSTEMS = {
    "uv.lock": "PyPI",
    "uv-requirements.txt": "PyPI",
    "package-lock.json": "npm",
    "pom.xml": "Maven",
    "go.mod": "Go",
}
_FOUND_NOTHING, _FOUND = 0, 1
_SEVERITIES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


class _Package(msgspec.Struct):
    name: str
    version: str = ""


class _Group(msgspec.Struct):
    """One vulnerability under all its names."""

    ids: list[str]
    max_severity: str = ""


class _Vulnerability(msgspec.Struct):
    id: str
    summary: str = ""


class _Entry(msgspec.Struct):
    package: _Package
    groups: list[_Group] = []
    vulnerabilities: list[_Vulnerability] = []


class _Source(msgspec.Struct):
    path: str


class _Result(msgspec.Struct):
    source: _Source
    packages: list[_Entry] = []


class _Report(msgspec.Struct):
    results: list[_Result]


def read(report: str | bytes, root: Path) -> tuple[list[Finding], int]:
    """Read osv-scanner's JSON: findings, and how many packages it has compared."""
    findings, packages = [], 0
    for result in read_json(report, _Report).results:
        path = Path(result.source.path)
        name = (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
        packages += len(result.packages)
        for entry in result.packages:
            texts = {one.id: one.summary for one in entry.vulnerabilities}
            subject = f"{entry.package.name}@{entry.package.version}"
            findings += [
                Finding(group.ids[0], name, subject, texts.get(group.ids[0], ""), _severity(group.max_severity))
                for group in entry.groups
            ]
    return findings, packages


def _severity(score: str) -> str:
    try:
        number = float(score)
    except ValueError:
        return "unknown"
    return next((word for least, word in _SEVERITIES if number >= least), "unknown")


def look(machine: Machine) -> Answer:
    """Ask it, with fresh databases if they can be fetched, else with those that are there."""
    locks = sorted(path for path in machine.code.rglob("*") if path.name in ECOSYSTEMS)
    if not locks:
        raise BrokenError("there is no lock file")
    version = machine.version("osv-scanner", "--version")
    databases, report = machine.databases / "osv", machine.work / "osv.json"
    done = _scan(machine, locks, report, "--offline-vulnerabilities", "--download-offline-databases")
    why = ""
    if done.code not in {_FOUND_NOTHING, _FOUND}:
        lines = [line for line in done.errors.splitlines() if line.startswith("could not load db")]
        why = lines[0] if lines else done.last_word
        done = _scan(machine, locks, report, "--offline")
    updated = min(
        (_updated(databases, ecosystem) for ecosystem in {ECOSYSTEMS[path.name] for path in locks}),
        key=lambda day: day or datetime.min.replace(tzinfo=UTC),
    )
    day = require_database(updated, "osv-scanner", why)
    if done.code not in {_FOUND_NOTHING, _FOUND}:
        raise BrokenError(done.last_word)
    read_report(report, msgspec.Raw, done)
    findings, packages = read(report.read_bytes(), machine.code)
    if not packages:
        raise BrokenError("it found no package in the lock files")
    return Answer(version, findings, day, f"{packages} packages in {len(locks)} lock files")


def _scan(machine: Machine, locks: list[Path], report: Path, *how: str) -> Done:
    report.unlink(missing_ok=True)
    named = [word for path in locks for word in ("--lockfile", str(path))]
    return machine.tool(
        "osv-scanner", "scan", "source", *how, "--local-db-path", machine.databases / "osv", "--no-resolve",
        "--no-call-analysis=go", "--format=json", "--all-packages", "--output-file", report, *named,
    )  # fmt: skip


def _updated(databases: Path, ecosystem: str) -> datetime | None:
    """When an ecosystem's database was fetched; None if there is none with anything in it."""
    archive = databases / "osv-scalibr" / ecosystem / "all.zip"
    try:
        with zipfile.ZipFile(archive) as opened:
            filled = bool(opened.namelist())
    except (OSError, zipfile.BadZipFile):
        return None
    return datetime.fromtimestamp(archive.stat().st_mtime, UTC) if filled else None


TOOL = Tool("osv-scanner", "known vulnerabilities, in every lock file", look)
