"""Versions by Semantic Versioning 2.0, as far as Python can say them too. Pure."""

import re
from typing import NamedTuple

from .problems import ReleaseError

_NUMBER = r"(0|[1-9][0-9]*)"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-(alpha|beta|rc)\.{_NUMBER})?")
_FINAL = "~"  # after every word of a pre-release


class Version(NamedTuple):
    """Compares as SemVer's precedence does: 1.0.0-alpha.2 < 1.0.0-rc.1 < 1.0.0."""

    major: int
    minor: int
    patch: int
    stage: str = _FINAL
    number: int = 0

    def __str__(self) -> str:
        final = f"{self.major}.{self.minor}.{self.patch}"
        return final if self.stage == _FINAL else f"{final}-{self.stage}.{self.number}"

    @property
    def tag(self) -> str:
        return f"v{self}"


def parse(text: str) -> Version:
    """The version that a person gave."""
    found = _VERSION.fullmatch(text)
    if found is None:
        hint = "MAJOR.MINOR.PATCH, or with -alpha.N, -beta.N, -rc.N behind it: make release VERSION=1.4.0"
        raise ReleaseError((f"{text!r} is not a version", hint))
    major, minor, patch, stage, number = found.groups()
    return Version(int(major), int(minor), int(patch), stage or _FINAL, int(number or 0))


def newest(tags: list[str]) -> Version | None:
    """The newest version among a repository's tags; other tags do not count."""
    return max((parse(tag[1:]) for tag in tags if tag.startswith("v") and _VERSION.fullmatch(tag[1:])), default=None)
