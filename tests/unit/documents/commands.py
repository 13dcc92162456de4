"""Commands in a page: do the target, the sub-command, the options exist?"""

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.exceptions
import msgspec
from botocore import xform_name
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel
from typer.main import get_command

from datavault.cli import app
from datavault.cli.context import Stack

from ..support import make_targets
from .makefile import MAKEFILE
from .pages import ROOT, code, fences, spans

_SHELL = ("bash", "sh")
# A place to fill in: it stands for any word.
_ANY = "…"


def shell(text: str) -> Iterator[list[str]]:
    """The words of each command: of blocks of shell, behind the prompt in a console, and between backticks."""
    for language, block in fences(text):
        for line in block.replace("\\\n", " ").splitlines():
            if language in _SHELL or (language == "console" and line.startswith("$ ")):
                yield from _commands(line)
    for span in spans(text):
        yield from _commands(span)


def _commands(line: str) -> Iterator[list[str]]:
    line = re.sub(r"<[a-z][\w -]*>", _ANY, line.strip().removeprefix("$ "))
    while inner := re.search(r"\$\(([^()]*)\)", line):
        yield from _commands(inner[1])
        line = line.replace(inner[0], _ANY)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
    lexer.whitespace_split = True
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set(";|&"):
                yield _without_frame(words)
                words = []
            else:
                words.append(word)
    except ValueError:
        return  # an open quote: words of a sentence
    yield _without_frame(words)


def _without_frame(words: list[str]) -> list[str]:
    """Without the variables that stand before a command, and without redirections behind it."""
    while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] == "export"):
        words = words[1:]
    return words[: next((index for index, word in enumerate(words) if set(word) <= set("<>")), len(words))]


def commands(text: str) -> Iterator[str]:
    """What is wrong with the commands of a page."""
    for program, *words in filter(None, shell(text)):
        check = _CHECKS.get(program.rpartition("/")[2])
        if check and words and not _is_another(program):
            yield from (f"{' '.join([program, *words])}: {problem}" for problem in check(words))
    yield from _outputs(text)


def _is_another(program: str) -> bool:
    """`datavault/orders` is a label or a folder; a program has these folders in front, or none."""
    return program.rpartition("/")[0] not in {"", ".venv/bin", "localcloud/.venv/bin", "scripts", "../scripts"}


# ---- make

# Targets whose OPTIONS are another program's: docker's or buildah's.
_ELSEWHERE = {"image"}


def _make(words: list[str]) -> Iterator[str]:
    targets = [word for word in words if "=" not in word and not word.startswith("-") and word != _ANY]
    given = [word.partition("=")[::2] for word in words if re.match(r"[A-Z_]+=", word)]
    for target in targets:
        if target.isupper():
            continue  # `make TARGET`
        if target not in make_targets():
            yield f"no target {target}"
            return
        for name, value in given if target in MAKEFILE.rules else ():  # the others' names are computed
            if not MAKEFILE.uses(target, name):
                yield f"{target} does not use {name}"
            if name == "OPTIONS":
                yield from _options(target, shlex.split(value))


def _options(target: str, words: list[str]) -> Iterator[str]:
    """What is handed on by OPTIONS, to `datavault` or to a script."""
    if target in _ELSEWHERE:
        return
    if handed := re.search(r"datavault --env \$\(ENV\) (\w+)", MAKEFILE.recipe(target)):
        yield from _datavault([handed[1], *words])
        return
    known = MAKEFILE.closure(target).replace("_", "-")  # typer makes --oidc-issuer of oidc_issuer
    for word in words:
        name = word.partition("=")[0]
        told = name == "--help" or name in known or re.search(rf"^ +{name[2:]}: ", known, re.MULTILINE)
        if name.startswith("--") and not told:
            yield f"{target} knows no {name}"


# ---- datavault, localcloud

_GLOBAL = {"--env": True, "--json": False, "-h": False, "--help": False}


def _datavault(words: list[str]) -> Iterator[str]:
    command: Any = get_command(app)  # click's classes are hidden in typer's
    options, arguments = dict(_GLOBAL), 0
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word == _ANY:
            return  # what follows is anything
        if word.startswith("-"):
            if name not in options:
                yield f"no option {name}"
                return
            if options[name] and not value:
                next(rest, None)
        elif hasattr(command, "commands"):
            if word.isupper():
                return  # `datavault COMMAND`
            if word not in command.commands:
                yield f"no command {word}"
                return
            command = command.commands[word]
            options |= _taken(command)
        else:
            arguments += 1
    allowed = [part.nargs for part in command.params if part.param_type_name == "argument"]
    if -1 not in allowed and arguments > sum(allowed):
        yield f"{arguments} arguments, {sum(allowed)} are taken"


def _taken(command: Any) -> dict[str, bool]:
    """The options of a command, and whether a value follows each."""
    options = [part for part in command.params if part.param_type_name == "option"]
    return {name: not part.is_flag for part in options for name in [*part.opts, *part.secondary_opts]}


def _localcloud(words: list[str]) -> Iterator[str]:
    source = (ROOT / "localcloud/src/localcloud/cli.py").read_text()
    if f"@app.command()\ndef {words[0]}(" not in source:
        yield f"no command {words[0]}"
    yield from (f"no option {word}" for word in words[1:] if word.startswith("-") and f'"{word}"' not in source)


# ---- terraform

# `terraform -help`, 1.11; of `state`, what documents may tell people to do.
_TERRAFORM = {
    *("init", "validate", "plan", "apply", "destroy", "console", "fmt", "force-unlock", "get", "graph", "import"),
    *("login", "output", "providers", "refresh", "show", "state", "taint", "test", "untaint", "version", "workspace"),
}
_STATE = {"list", "mv", "pull", "push", "rm", "show", "replace-provider"}


def _terraform(words: list[str]) -> Iterator[str]:
    for word in words:
        if word.startswith("-chdir=") and not _is_there(word.partition("=")[2]):
            yield f"no folder {word.partition('=')[2]}"
    command, *rest = [word for word in words if not word.startswith("-")] or ["version"]
    if command not in _TERRAFORM and command != _ANY:
        yield f"no command {command}"
    if command == "state" and rest and rest[0] not in _STATE:
        yield f"no command state {rest[0]}"
    if command == "output" and rest and f'output "{rest[0]}"' not in code(".tf"):
        yield f"no output {rest[0]}"


def _is_there(folder: str) -> bool:
    return bool(list(ROOT.glob(re.sub(rf"{_ANY}|\b[A-Z]+\b", "*", folder))))  # environments/ENV


def _outputs(text: str) -> Iterator[str]:
    """`terraform output -json stack | jq -r .a.b` must name what the outputs have, as the CLI knows them."""
    for path in re.findall(r"output -json stack \| jq -r \.([\w.]+)", text):
        kind: Any = Stack
        for name in path.split("."):
            if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
                break  # a map of names that are ours to choose
            fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
            if name not in fields:
                yield f"jq -r .{path}: no output {name}"
                break
            kind = next((part for part in getattr(fields[name], "__args__", [fields[name]]) if part), None)


# ---- aws: by the models that botocore has of every service

# What the command line adds to them (AWS CLI Command Reference).
_AWS_OWN = {
    "s3": {"ls", "cp", "mv", "rm", "sync", "mb", "rb"},
    "logs": {"tail"},
    "eks": {"update-kubeconfig", "get-token"},
    "ecr": {"get-login-password"},
    "sso": {"login", "logout"},
    "configure": {"sso"},
}
_AWS_NAMES = {"s3api": "s3", "deploy": "codedeploy"}
_AWS_OPTIONS = {
    *("--query", "--output", "--region", "--profile", "--endpoint-url", "--no-cli-pager", "--cli-binary-format"),
    *("--max-items", "--starting-token", "--page-size", "--no-paginate", "--cli-input-json"),
}


def _aws(words: list[str]) -> Iterator[str]:
    service, *rest = words
    action = rest[0] if rest else _ANY
    if action == _ANY or action in _AWS_OWN.get(service, ()):
        return
    found = _operations(_AWS_NAMES.get(service, service))
    if found is None or action not in found:
        yield f"no {service} {action}"
        return
    shape = found[action].input_shape
    members = {f"--{xform_name(name, '-')}" for name in shape.members} if shape else set()
    for word in rest[1:]:
        if word.startswith("--") and word not in _AWS_OPTIONS and word.replace("--no-", "--", 1) not in members:
            yield f"no option {word}"


@cache
def _operations(service: str) -> dict[str, OperationModel] | None:
    try:
        model = ServiceModel(create_loader().load_service_model(service, "service-2"))
    except botocore.exceptions.UnknownServiceError:
        return None
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


# ---- kubectl: by the manifests

# Namespaces that every cluster or another chart has.
_NAMESPACES = {"kube-system", "default"}


def _kubectl(words: list[str]) -> Iterator[str]:
    manifests = code(".yaml")
    for before, word in zip(["", *words], words, strict=False):
        if _ANY in word:
            continue
        is_known = word in _NAMESPACES or re.search(rf"\bnamespace: {word}$", manifests, re.MULTILINE)
        if before == "-n" and not is_known:
            yield f"no namespace {word}"
        if words[0] in {"apply", "delete", "diff"} and before in {"-f", "-k"} and not (ROOT / word).exists():
            yield f"no {word}"
        named = re.fullmatch(r"(deployment|deploy|service|svc|configmap)/([\w-]+)", word)
        if named and not re.search(rf"^ *name: {named[2]}$", manifests, re.MULTILINE):
            yield f"no {word}"


_CHECKS: dict[str, Callable[[list[str]], Iterator[str]]] = {
    "make": _make,
    "datavault": _datavault,
    "localcloud": _localcloud,
    "terraform": _terraform,
    "aws": _aws,
    "kubectl": _kubectl,
}
