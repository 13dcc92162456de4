"""What the zips hold, as installed: their licences, and whether their SBOMs name exactly that."""

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesParser, Parser
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from ..findings import Answer, Finding
from ..machine import Machine, Tool, read_json

# Permissive: they ask for their notice, which the wheels carry, and for nothing of our code. What is not here fails.
ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD", "ISC", "MIT", "MIT-0", "PSF-2.0", "Zlib"}
# How packages that are older than SPDX expressions say it.
CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: MIT No Attribution License (MIT-0)": "MIT-0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}


class _Component(msgspec.Struct, frozen=True, order=True):
    name: str
    version: str


class _Bill(msgspec.Struct):
    bom_format: str = msgspec.field(name="bomFormat")
    components: list[_Component]


def licence(about: Message) -> str:
    """The licence of a package by its metadata: an SPDX expression or what comes nearest; empty if it says nothing."""
    if expression := about.get("License-Expression"):
        return expression.strip()
    said = [line for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    if said:
        # Several may mean both or either; both is the safe reading.
        return " AND ".join(dict.fromkeys(CLASSIFIERS.get(line, line.rpartition(":: ")[2]) for line in said))
    text = (about.get("License") or "").strip()
    return text.splitlines()[0] if text else ""


def is_allowed(expression: str) -> bool:
    """Whether a licence is one of ours to ship: each that AND joins, one of those that OR joins."""
    if "(" in expression or not expression:
        return False  # nothing here needs brackets; somebody shall look at it
    return all(
        any(one.strip() in ALLOWED for one in re.split(r"\sOR\s", part)) for part in re.split(r"\sAND\s", expression)
    )


def installed(folder: Path) -> Iterator[Message]:
    """The metadata of every package in a folder."""
    for file in sorted(folder.glob("*.dist-info/METADATA")):
        yield BytesParser().parsebytes(file.read_bytes(), headersonly=True)


def installed_here(name: str) -> Message | None:
    """The metadata of a package of the environment that this runs in."""
    try:
        text = distribution(name).read_text("METADATA") or ""
    except PackageNotFoundError:
        return None
    return Parser().parsestr(text, headersonly=True)


def judge_licences(packages: Mapping[str, Message | None], place: str) -> list[Finding]:
    """A finding for each package whose licence is unknown or not allowed."""
    findings = []
    for subject, about in packages.items():
        expression = licence(about) if about else ""
        if not is_allowed(expression):
            message = f"its licence is {expression}, which is not allowed" if expression else "its licence is not known"
            findings.append(Finding("licence", place, subject, message, "high"))
    return findings


def compare(listed: set[tuple[str, str]], there: set[tuple[str, str]], place: str) -> list[Finding]:
    """A finding for each package that is only in the SBOM or only in the zip."""
    said = {True: "is in the zip, but not in its SBOM", False: "is in the SBOM, but not in the zip"}
    return [
        Finding("sbom", place, f"{name}@{version}", said[(name, version) in there], "high")
        for name, version in sorted(listed ^ there)
    ]


def _key(about: Message) -> tuple[str, str]:
    return re.sub(r"[-_.]+", "-", str(about["Name"])).lower(), str(about["Version"])


def _components(bill: Path) -> set[tuple[str, str]]:
    return {(one.name, one.version) for one in read_json(bill.read_bytes(), _Bill).components}


def licences(machine: Machine) -> Answer:
    """Licences of what is in the zips, and of what the image has beyond."""
    findings, seen = [], 0
    for function, folder in machine.zips.items():
        packages = {"@".join(_key(about)): about for about in installed(folder)}
        findings += judge_licences(packages, f"build/{function}.zip")
        seen += len(packages)
    # The image is built from the same lock file as the environment that this runs in.
    of_worker = {
        f"{name}@{version}": installed_here(name) for name, version in sorted(_components(machine.bills["worker"]))
    }
    findings += judge_licences(of_worker, "build/sbom/worker.cdx.json")
    return Answer("", findings, note=f"{seen + len(of_worker)} packages in {len(machine.zips)} zips and the image")


def bills(machine: Machine) -> Answer:
    """Compare each zip with its SBOM."""
    findings, seen = [], 0
    for function, folder in machine.zips.items():
        listed, there = _components(machine.bills[function]), {_key(about) for about in installed(folder)}
        findings += compare(listed, there, f"build/sbom/{function}.cdx.json")
        seen += len(there)
    return Answer(
        "", findings, note=f"{len(machine.bills)} written to build/sbom; {seen} packages compared with the zips"
    )


TOOLS = (
    Tool("licences", "licences that we do not ship, in the zips and the image", licences),
    Tool("sbom", "packages that an SBOM leaves out or makes up", bills),
)
