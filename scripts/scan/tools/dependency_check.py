"""OWASP Dependency-Check: known vulnerabilities of what is in the zips, by the National Vulnerability Database."""

from datetime import UTC, datetime

import msgspec

from ..findings import Answer, BrokenError, Finding, NotRunError
from ..machine import Done, Machine, Tool, read_json, read_report, require_database

# Analysers that ask a service of their own, look at what is in no zip, or take each __init__.py for a package.
_OFF = (
    "assemblyAnalyzerEnabled", "centralAnalyzerEnabled", "cmakeAnalyzerEnabled", "golangModEnabled",
    "hostedSuppressionsEnabled", "nodeAnalyzerEnabled", "nodeAuditAnalyzerEnabled", "ossIndexAnalyzerEnabled",
    "pnpmAuditAnalyzerEnabled", "pyPackageAnalyzerEnabled", "retireJsAnalyzerEnabled",
    "versionCheckEnabled", "yarnAuditAnalyzerEnabled",
)  # fmt: skip


class _Source(msgspec.Struct):
    name: str
    timestamp: str


class _Scan(msgspec.Struct, rename="camel"):
    engine_version: str
    data_source: list[_Source] = []


class _Vulnerability(msgspec.Struct):
    name: str
    severity: str = "unknown"
    description: str = ""


class _Package(msgspec.Struct):
    id: str


class _Dependency(msgspec.Struct, rename="camel"):
    file_name: str
    file_path: str
    packages: list[_Package] = []
    vulnerabilities: list[_Vulnerability] = []


class _Report(msgspec.Struct, rename="camel"):
    scan_info: _Scan
    dependencies: list[_Dependency] = []


def read(report: str | bytes) -> tuple[list[Finding], str, datetime | None, int]:
    """Read Dependency-Check's JSON: findings, its version, the day of its database, how many packages it compared."""
    found = read_json(report, _Report)
    findings = set()
    for one in found.dependencies:
        subject = one.packages[0].id.removeprefix("pkg:pypi/") if one.packages else one.file_name
        for hole in one.vulnerabilities:
            text = hole.description.partition("\n")[0][:200]
            findings.add(Finding(hole.name, "uv.lock", subject, text, hole.severity.lower()))
    days = [_when(source.timestamp) for source in found.scan_info.data_source if source.name.startswith("NVD")]
    known = [day for day in days if day]
    return sorted(findings), found.scan_info.engine_version, max(known, default=None), len(found.dependencies)


def _when(text: str) -> datetime | None:
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        return None
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def look(machine: Machine) -> Answer:
    """Bring its database up to date, then ask it."""
    data = f"-DdataDirectory={machine.databases / 'dependency-check'}"
    off = [f"-D{name}=false" for name in _OFF]
    # By the name of a variable: a key on a command line can be read by everybody on the machine.
    by_name = "-DnvdApiKeyEnvironmentVariable=NVD_API_KEY"
    updated = machine.tool("dependency-check", "update-only", data, by_name, *off)
    why = _why(updated) if updated.code else ""
    report = machine.work / "dependency-check-report.json"
    report.unlink(missing_ok=True)
    done = machine.tool(
        "dependency-check", "check", data, *off, "-DautoUpdate=false", "-DenableExperimental=true",
        "-DscanDependencies=false", "-DscanPlugins=false", "-Dformats=JSON",
        f"-DscanDirectory={','.join(map(str, machine.zips.values()))}", f"-Dodc.outputDirectory={machine.work}",
    )  # fmt: skip
    if "NoDataException" in done.output:
        raise NotRunError(f"no database: {why or _why(done)}")
    if done.code:
        raise BrokenError(_why(done))
    read_report(report, _Report, done)
    findings, version, day, packages = read(report.read_bytes())
    database = require_database(day, "Dependency-Check", why)
    if not packages:
        raise BrokenError("it found no package in the zips")
    return Answer(version, findings, database, f"{packages} packages")


def _why(done: Done) -> str:
    """Maven's word on the goal, else its first error."""
    errors = [line.removeprefix("[ERROR] ") for line in done.output.splitlines() if line.startswith("[ERROR] ")]
    goal = [
        line.partition("Please see the log file for more details. ")[2] for line in errors if "execute goal" in line
    ]
    return next((line for line in (*goal, *errors) if line), done.last_word)[:300]


TOOL = Tool("dependency-check", "known vulnerabilities, in the zips, by the NVD", look)
