"""Markdown tables, and the part of a document that a command makes."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replace_generated(name: str, target: str, text: str) -> None:
    """Put `text` between the two marks of docs/<name>.md, which name the target of the Makefile."""
    path = DOCS / f"{name}.md"
    begin, end = f"<!-- made by `make {target}` -->", f"<!-- end of what `make {target}` makes -->"
    head, found, rest = path.read_text().partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path.name} lacks its marks, {begin} and {end}")
    path.write_text(f"{head}{begin}\n\n{text}\n\n{end}{tail}")
