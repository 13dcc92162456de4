"""Links, paths and names of the code that a page mentions."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from .commands import shell
from .pages import LINK, SPAN, anchors, code, prose, repository, spans

# Written by a command or by the reader, and never in the repository. `visits` is the walkthrough's dataset.
_WRITTEN = re.compile(
    r"(build|\.local)(/.*)?|(environments/[^/]+/)?(backend\.hcl|terraform\.tfvars|\.terraform)|"
    r"contracts/([^/]+/reference|visits)/.+"
)
# Files of others that a document tells of.
_FOREIGN = ("values.yaml",)
# What is a file of the repository by its ending. Not .json: so end the keys of the pipeline's own objects, too.
_ENDINGS = (".py", ".tf", ".hcl", ".toml", ".yaml", ".sql", ".sh", ".groovy", ".css", ".js", ".env")


def links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(prose(text)):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists():
            yield f"{target}: no such file"
        elif anchor and (linked.suffix != ".md" or anchor not in anchors(linked)):
            yield f"{target}: no such heading"


def paths(page: Path, text: str) -> Iterator[str]:
    """Files and folders between backticks and in commands. Folders in front of a name may be left out."""
    words = (word for command in shell(text) for word in command)
    meant = {_pattern(path): path for path in chain(spans(text), words)}
    for pattern, path in meant.items():
        if pattern is None or path in _FOREIGN or _WRITTEN.fullmatch(path.rstrip("/")) or (page.parent / path).exists():
            continue
        wanted = re.compile(rf"(.*/)?{pattern}(/.*)?")
        if not any(map(wanted.fullmatch, repository())):
            yield f"{path}: no such file"


def _pattern(path: str) -> str | None:
    """A regular expression for the files that a path means; None if it is no path of the repository."""
    path = re.sub(r"<[^<>]+>|…|\*+", "*", path.removeprefix("./").removeprefix("../").rstrip("/"))
    if not re.fullmatch(r"[\w.*{},/-]+", path) or path.startswith(("/", "*")) or ".venv/" in path:
        return None
    if not path.endswith(_ENDINGS) and ("/" not in path or path.partition("/")[0] not in _folders()):
        return None
    escaped = path.replace(".", r"\.").replace("*", "[^/]*")
    return re.sub(r"\{([^{}]*)\}", lambda choice: f"({choice[1].replace(',', '|')})", escaped)


@cache
def _folders() -> frozenset[str]:
    return frozenset(name.partition("/")[0] for name in repository() if "/" in name)


def variables(text: str) -> Iterator[str]:
    """Environment variables of ours: something must read them."""
    for name in sorted(set(re.findall(r"\b((?:DATAVAULT|LOCALCLOUD|TF_VAR)_\w*[A-Za-z])", text))):
        read = f'variable "{name.removeprefix("TF_VAR_")}"' if name.startswith("TF_VAR_") else name
        if read not in code(".py", ".tf", ".toml", ".yaml", ".env"):
            yield f"{name}: nothing reads it"


def resources(text: str) -> Iterator[str]:
    """Resources and modules of Terraform, by their address: between backticks and in commands, not in examples."""
    declared, text = code(".tf"), "\n".join([*spans(text), *(word for command in shell(text) for word in command)])
    for kind, name in sorted(set(re.findall(r"\b(aws_[a-z0-9_]+)\.([a-z_]+)", text))):
        if f'"{kind}" "{name}"' not in declared:
            yield f"{kind}.{name}: no such resource"
    for name in sorted(set(re.findall(r"\bmodule\.([a-z_]+)", text))):
        if f'module "{name}"' not in declared:
            yield f"module.{name}: no such module"


def functions(page: Path, text: str) -> Iterator[str]:
    """`name()` must be defined in a file that the same paragraph, list item or row links."""
    for paragraph in re.split(r"\n\s*\n|\n(?=- |\d+\. |\|)", prose(text)):
        named = {span.removesuffix("()") for span in SPAN.findall(paragraph) if re.fullmatch(r"[\w.]+\(\)", span)}
        linked = [(page.parent / target).resolve() for target in LINK.findall(paragraph)]
        defined = set(chain.from_iterable(map(_defined, filter(Path.is_file, linked))))
        yield from (f"{name}(): in no file that its paragraph links" for name in sorted(named - defined))


@cache
def _defined(file: Path) -> frozenset[str]:
    """Functions, classes and methods of a Python file; functions of a script."""
    if file.suffix != ".py":
        return frozenset(re.findall(r"^(\w+)\(\)", file.read_text(errors="replace"), re.MULTILINE))
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return frozenset(names)


def messages(text: str) -> Iterator[str]:
    """What people see, by tables that begin with `you see`: what is not `…` or a number, the code must say."""
    said = re.sub(r"\s+", " ", code(".py", ".tf"))
    for table in re.findall(r"^\| you see \|.*\n(?:\|.*\n)+", prose(text), re.MULTILINE):
        for row in table.splitlines()[2:]:
            for message in SPAN.findall(row.partition(" | ")[0]):
                for words in re.split(r"…|\d+|^[\w/]+: ", message):
                    if len(words.strip()) > 2 and words.strip() not in said:
                        yield f"{message}: nothing says {words.strip()!r}"
