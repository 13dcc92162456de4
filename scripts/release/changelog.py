"""CHANGELOG.md: what is under Unreleased becomes the section of a version. Pure."""

import re
from datetime import date

from .versions import Version

_UNRELEASED = "\n## [Unreleased]\n"
_NEXT = "\n## "


def unreleased(text: str) -> str:
    """What is under Unreleased, empty when nothing but headings stands there."""
    notes = _split(text)[1].strip()
    return notes if re.search(r"^[^#\s]", notes, re.MULTILINE) else ""


def release(text: str, version: Version, day: date) -> str:
    """The changelog with that section under the version, and an empty Unreleased above it."""
    before, _, after = _split(text)
    return f"{before}{_UNRELEASED}\n## [{version}] - {day}\n\n{unreleased(text)}\n{after}"


def _split(text: str) -> tuple[str, str, str]:
    """What is before the heading, under it, and from the next one on."""
    before, _, rest = text.partition(_UNRELEASED)
    notes, heading, after = rest.partition(_NEXT)
    return before, notes, heading + after
