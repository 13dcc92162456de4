"""CHANGELOG.md: what is under Unreleased becomes the section of a version. Pure."""

import re
from datetime import date

from .versions import Version

# The heading, and each line after it that is no heading of that level.
_UNRELEASED = re.compile(r"^## \[Unreleased\][ \t]*\n((?:(?!## ).*\n?)*)", re.MULTILINE)


def unreleased(text: str) -> str:
    """What is under Unreleased, empty when nothing but headings stands there."""
    found = _UNRELEASED.search(text)
    if found is None or not re.search(r"^(?!#)\S", found[1], re.MULTILINE):
        return ""
    return found[1].strip()


def release(text: str, version: Version, day: date) -> str:
    """The changelog with that section under the version, and an empty Unreleased above it."""
    notes = unreleased(text)
    return _UNRELEASED.sub(lambda _: f"## [Unreleased]\n\n## [{version}] - {day}\n\n{notes}\n\n", text, count=1)
