"""What a release consists of: zips for the account's platform, their SBOMs, provenance, checksums, a signature."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from .problems import ReleaseError
from .provenance import Build, checksums, statement
from .repository import Repository
from .versions import Version

PLATFORM = "aarch64-manylinux_2_28"  # what functions run on in an account; the Makefile's PLATFORM
# What the build reads besides the source: every dependency, and uv itself, by hash.
LOCKS = ("uv.lock", "scripts/uv-requirements.txt")
PROVENANCE = "provenance.intoto.json"
SUMS = "SHA256SUMS"
BUNDLE = "SHA256SUMS.sigstore.json"


def build(root: Path, folder: Path) -> list[Path]:
    """The zips of this checkout and an SBOM beside each."""
    work = folder / "work"
    _run(root, sys.executable, "scripts/package.py", "--platform", PLATFORM, "--out", str(work))
    made = []
    for archive in sorted(work.glob("*.zip")):
        bill = folder / f"{archive.stem}.cdx.json"
        _run(root, "scripts/sbom", archive.stem, str(bill))
        made += [archive.rename(folder / archive.name), bill]
    shutil.rmtree(work)
    return made


def describe(repository: Repository, version: Version, folder: Path, made: list[Path], started: datetime) -> None:
    """Provenance of what was made, and the checksums of all."""
    root = repository.root
    facts = Build(
        version=str(version),
        platform=PLATFORM,
        source=repository.origin(),
        commit=repository.head(),
        locks=tuple(root / lock for lock in LOCKS),
        root=root,
        started=started,
        finished=datetime.now(UTC),
        environment=os.environ,
        python=sys.version.split()[0],
    )
    provenance = folder / PROVENANCE
    provenance.write_text(json.dumps(statement(facts, made), indent=2) + "\n")
    (folder / SUMS).write_text(checksums([*made, provenance]))


def signer(kind: str) -> tuple[str, str] | None:
    """Why nothing can be signed in that way, with what to do; None if it can."""
    if kind not in {"", "cosign"}:
        return f"SIGN={kind} is not known", "SIGN=cosign, or nothing"
    if kind == "cosign" and shutil.which("cosign") is None:
        return "SIGN=cosign, and there is no cosign", "docs.sigstore.dev/cosign/system_config/installation"
    return None


def sign(folder: Path) -> None:
    """Sign the checksums, and by them all the rest. COSIGN_KEY names a key; without it cosign asks who you are."""
    key = ("--key", os.environ["COSIGN_KEY"]) if os.environ.get("COSIGN_KEY") else ()
    _run(folder, "cosign", "sign-blob", "--yes", *key, "--bundle", BUNDLE, SUMS)


def _run(folder: Path, *command: str) -> None:
    if subprocess.run(command, cwd=folder, check=False).returncode:  # noqa: S603  our own words
        raise ReleaseError((f"{' '.join(command[:3])} failed (above)", "nothing is tagged; mend it and try again"))
