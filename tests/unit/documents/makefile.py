"""The Makefile: its targets, and the variables that each can be given."""

import re
from pathlib import Path

from .pages import ROOT


class Makefile:
    """Read as text: enough to say whether a name occurs in what a target does."""

    def __init__(self, text: str) -> None:
        joined = text.replace("\\\n", " ")
        self.variables = dict(re.findall(r"^(?:export |override )?(\w+) [:?]?= ?(.*)$", joined, re.MULTILINE))
        # Prerequisites and recipe, without the comment that `make help` shows.
        found = re.findall(r"^([a-z][a-z0-9-]*):(?!=)([^\n]*)\n((?:\t.*\n?)*)", joined, re.MULTILINE)
        self.rules = {name: f"{line.partition('##')[0]}\n{recipe}" for name, line, recipe in found}

    def recipe(self, target: str) -> str:
        return self.rules[target]

    def closure(self, target: str) -> str:
        """All that is run for a target, as text: its prerequisites', its variables', its scripts'."""
        seen: set[str] = set()
        texts = [self.rules[target]]
        for text in texts:
            new = set(self._named(text)) - seen
            seen |= new
            texts += [self._text(name) for name in sorted(new)]
        return "\n".join(texts)

    def uses(self, target: str, variable: str) -> bool:
        return re.search(rf"\b{variable}\b", self.closure(target)) is not None

    def _named(self, text: str) -> list[str]:
        names = [*re.findall(r"\$\((\w+)\)", text), *re.findall(r"scripts/[\w.-]+|tests/\w+", text)]
        names += [module.replace(".", "/") for module in re.findall(r"-m ([a-z_.]+)", text)]
        prerequisites = text.partition("\n")[0] if not text.startswith("#!") else ""
        return [*names, *(word for word in re.findall(r"[a-z][a-z0-9-]*", prerequisites) if word in self.rules)]

    def _text(self, name: str) -> str:
        """A variable's value, a rule, a script, a folder of tests, a module of Python with what lies beside it."""
        if name in self.variables:
            return f"\n{self.variables[name]}"
        if name in self.rules:
            return self.rules[name]
        path = ROOT / name
        files = [path, path.with_suffix(".py"), *sorted(path.glob("*.py"))]
        text = "".join(f"\n{file.read_text()}" for file in files if file.is_file())
        # Tests mention much; what they are told, they read from the environment.
        return text if not name.startswith("tests/") else "\n".join(re.findall(r".*environ.*", text))


MAKEFILE = Makefile((Path(ROOT) / "Makefile").read_text())
