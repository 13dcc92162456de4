"""The parts of a page, and the repository that it tells of."""

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def fences(text: str) -> list[tuple[str, str]]:
    """The blocks between ``` and ```, each with its language."""
    return _FENCE.findall(text)


def prose(text: str) -> str:
    return _FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """What stands between backticks outside of blocks."""
    return SPAN.findall(prose(text))


@cache
def repository() -> tuple[str, ...]:
    """Every file that is in the repository, or would be with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted(name for name in listed if (ROOT / name).is_file()))


def documents() -> list[Path]:
    return [ROOT / name for name in repository() if name.endswith(".md")]


@cache
def code(*endings: str) -> str:
    """The text of every file with one of these endings, or without an ending: scripts."""
    names = (name for name in repository() if name.endswith(endings) or "." not in name.rpartition("/")[2])
    return "\n".join((ROOT / name).read_text() for name in names if not name.startswith("tests/"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that a Markdown renderer makes of the headings; of a heading that comes again, with a number."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", prose(page.read_text()), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        again = sum(other == name or other.removeprefix(f"{name}-").isdigit() for other in found)
        found.append(f"{name}-{again}" if again else name)
    return frozenset(found)
