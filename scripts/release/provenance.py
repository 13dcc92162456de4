"""Where artefacts come from: an in-toto Statement v1 with the predicate of SLSA Provenance v1. Pure.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

# What `make release` does; another number when a reader has to know that it does something else.
BUILD_TYPE = "urn:datavault:make-release:1"
# Who builds without a CI server: somebody, on a machine that nobody vouches for.
A_PERSON = "urn:datavault:builder:workstation"


@dataclass(frozen=True)
class Build:
    """What a build was told, and by whom it was run."""

    version: str
    platform: str
    source: str
    commit: str
    # What the build read besides the source that it names: lock files, from which every dependency follows by hash.
    locks: tuple[Path, ...]
    root: Path
    started: datetime
    finished: datetime
    environment: Mapping[str, str]
    python: str


def digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def statement(build: Build, artefacts: list[Path]) -> dict[str, Any]:
    """What is said of these artefacts."""
    source = {"uri": f"git+{build.source}@refs/tags/v{build.version}", "digest": {"gitCommit": build.commit}}
    locks = [{"name": str(lock.relative_to(build.root)), "digest": {"sha256": digest(lock)}} for lock in build.locks]
    metadata = {"startedOn": _time(build.started), "finishedOn": _time(build.finished)}
    if "BUILD_URL" in build.environment:  # Jenkins
        metadata["invocationId"] = build.environment["BUILD_URL"]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": file.name, "digest": {"sha256": digest(file)}} for file in artefacts],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"version": build.version, "platform": build.platform},
                "internalParameters": {"python": build.python},
                "resolvedDependencies": [source, *locks],
            },
            "runDetails": {
                "builder": {"id": build.environment.get("JENKINS_URL", A_PERSON)},
                "metadata": metadata,
            },
        },
    }


def checksums(files: list[Path]) -> str:
    """What `sha256sum --check` reads."""
    return "".join(f"{digest(file)}  {file.name}\n" for file in files)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
