"""trivy: misconfiguration, secrets in files, vulnerabilities of what the SBOMs name, and the worker's image."""

from datetime import datetime
from pathlib import Path

import msgspec

from ..findings import Answer, BrokenError, Finding
from ..machine import Machine, Tool, read_json, read_report, require_database

_PLANTED = "planted.py"


class _Cause(msgspec.Struct, rename="pascal"):
    resource: str = ""
    start_line: int = 0


class _Misconfiguration(msgspec.Struct, rename="pascal"):
    severity: str
    message: str
    status: str
    id: str = msgspec.field(name="ID")
    cause_metadata: _Cause = msgspec.field(default_factory=_Cause)


class _Secret(msgspec.Struct, rename="pascal"):
    """Its `Match` is not read: it is part of the secret."""

    severity: str
    title: str
    start_line: int
    rule: str = msgspec.field(name="RuleID")


class _Vulnerability(msgspec.Struct, rename="pascal"):
    pkg_name: str
    installed_version: str
    severity: str
    id: str = msgspec.field(name="VulnerabilityID")
    title: str = ""
    fixed_version: str = ""


class _Result(msgspec.Struct, rename="pascal"):
    target: str
    misconfigurations: list[_Misconfiguration] = []
    secrets: list[_Secret] = []
    vulnerabilities: list[_Vulnerability] = []
    packages: list[msgspec.Raw] = []


class _System(msgspec.Struct, rename="pascal"):
    family: str
    name: str


class _Metadata(msgspec.Struct, rename="pascal"):
    os: _System | None = msgspec.field(default=None, name="OS")


class _Report(msgspec.Struct, rename="pascal"):
    schema_version: int
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    results: list[_Result] = []


class _Database(msgspec.Struct, rename="pascal"):
    updated_at: datetime


class _Version(msgspec.Struct, rename="pascal"):
    version: str
    vulnerability_db: _Database | None = msgspec.field(default=None, name="VulnerabilityDB")


def read(report: str | bytes, place: str = "") -> list[Finding]:
    """Read trivy's JSON; `place` is the file that the report is about, where its targets are none."""
    findings = []
    for result in read_json(report, _Report).results:
        path = place or result.target or "."
        findings += [
            Finding(
                one.id,
                path,
                _resource(one.cause_metadata.resource, result.target),
                one.message,
                one.severity.lower(),
                one.cause_metadata.start_line,
            )
            for one in result.misconfigurations
            if one.status == "FAIL"
        ]
        findings += [
            Finding(one.rule, path, result.target if place else "", one.title, one.severity.lower(), one.start_line)
            for one in result.secrets
        ]
        findings += [
            Finding(
                one.id,
                path,
                f"{one.pkg_name}@{one.installed_version}",
                f"{one.title}; {f'mended in {one.fixed_version}' if one.fixed_version else 'not mended yet'}",
                one.severity.lower(),
            )
            for one in result.vulnerabilities
        ]
    return sorted(set(findings))


def _resource(name: str, target: str) -> str:
    """The resource, if it has a name; of CloudFormation trivy says the file and the lines, which move."""
    return "" if name.startswith(f"{target}:") else name


def _ask(machine: Machine, name: str, *arguments: str | Path, cwd: Path) -> tuple[bytes, _Report]:
    report = machine.work / f"{name}.json"
    report.unlink(missing_ok=True)
    done = machine.tool(
        "trivy", *arguments[:1], "--quiet", "--cache-dir", _cache(machine), "--format=json",
        "--output", report, *arguments[1:], cwd=cwd,
    )  # fmt: skip
    if done.code:
        raise BrokenError(done.last_word)
    return report.read_bytes(), read_report(report, _Report, done)


def _cache(machine: Machine) -> Path:
    return machine.databases / "trivy"


def _version(machine: Machine) -> _Version:
    done = machine.tool("trivy", "version", "--format=json", "--cache-dir", _cache(machine))
    if done.code:
        raise BrokenError(f"trivy version: {done.last_word}")
    return read_json(done.output, _Version)


def _fetch_database(machine: Machine) -> tuple[str, str]:
    """The version and the day of the database, which is fetched if there is a newer one.

    Whether fetching worked does not count: what is there afterwards does.
    """
    done = machine.tool("trivy", "image", "--download-db-only", "--quiet", "--cache-dir", _cache(machine))
    version = _version(machine)
    updated = version.vulnerability_db.updated_at if version.vulnerability_db else None
    return version.version, require_database(updated, "trivy", done.last_word if done.code else "")


def misconfigurations(machine: Machine) -> Answer:
    """Ask for misconfiguration."""
    text, report = _ask(machine, "trivy-config", "config", "--skip-check-update", ".", cwd=machine.deployed)
    if not report.results:
        raise BrokenError("it found no file to look at")
    return Answer(_version(machine).version, read(text), note=f"{len(report.results)} files and modules")


def secrets(machine: Machine) -> Answer:
    """Ask for secrets in files. One is planted: it must be found, or the others would not be either."""
    (machine.code / _PLANTED).write_text(f'token = "ghp_{"aB3dE5fG7hI9" * 3}"\n')
    text, _ = _ask(machine, "trivy-secret", "fs", "--scanners=secret", ".", cwd=machine.code)
    (machine.code / _PLANTED).unlink()
    findings = read(text)
    others = [finding for finding in findings if finding.path != _PLANTED]
    if len(others) == len(findings):
        raise BrokenError("it did not find the secret that was planted for it")
    return Answer(_version(machine).version, others, note="a planted one was found")


def vulnerabilities(machine: Machine) -> Answer:
    """Ask for vulnerabilities of what is in the zips and the image, by their SBOMs."""
    version, day = _fetch_database(machine)
    findings, packages = [], 0
    for part, bill in machine.bills.items():
        text, report = _ask(
            machine, f"trivy-sbom-{part}", "sbom", "--scanners=vuln", "--skip-db-update", "--list-all-pkgs", bill,
            cwd=machine.work,
        )  # fmt: skip
        findings += read(text, f"build/sbom/{bill.name}")
        seen = sum(len(result.packages) for result in report.results)
        if not seen:
            raise BrokenError(f"it found no package in {bill.name}")
        packages += seen
    return Answer(version, findings, day, f"{packages} packages in {len(machine.bills)} SBOMs")


def image_secrets(machine: Machine) -> Answer:
    """Ask for secrets in the image's file system."""
    text, report = _ask(
        machine, "trivy-image-secret", "image", "--scanners=secret", "--input", machine.image_archive, cwd=machine.work
    )
    system = report.metadata.os
    if not system:
        raise BrokenError("it found no system in the image")
    return Answer(_version(machine).version, read(text, "Dockerfile"), note=f"{system.family} {system.name}")


def image_vulnerabilities(machine: Machine) -> Answer:
    """Ask for vulnerabilities of the packages in the image, of Debian and of Python."""
    archive = machine.image_archive
    version, day = _fetch_database(machine)
    text, report = _ask(
        machine, "trivy-image-vuln", "image", "--scanners=vuln", "--skip-db-update", "--list-all-pkgs",
        "--input", archive, cwd=machine.work,
    )  # fmt: skip
    packages = sum(len(result.packages) for result in report.results)
    if not packages:
        raise BrokenError("it found no package in the image")
    return Answer(version, read(text, "Dockerfile"), day, f"{packages} packages")


TOOLS = (
    Tool("trivy-secret", "secrets, in files", secrets),
    Tool("trivy-config", "misconfiguration", misconfigurations),
    Tool("trivy-sbom", "known vulnerabilities, in the zips and the image by their SBOMs", vulnerabilities),
    Tool("trivy-image-secret", "secrets, in the image's file system", image_secrets),
    Tool("trivy-image-vuln", "known vulnerabilities, in the image's file system", image_vulnerabilities),
)
