"""The rules as Prometheus reads them, and promtool, which checks them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "monitoring/rules").glob("*.yaml"))
RULE_TESTS = sorted((ROOT / "monitoring/rules/tests").glob("*.yaml"))

_KEYWORDS = {"and", "or", "unless", "offset", "bool"}


def promtool(*arguments: str | Path) -> None:
    """Run promtool; what it complains of is the failure."""
    done = subprocess.run([ROOT / "scripts/tool", "promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def read_rules(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, list[dict[str, Any]]]:
    """The alerts by name; an error budget has one for each pair of windows."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in read_rules(RULES):
        if "alert" in rule:
            found.setdefault(rule["alert"], []).append(rule)
    return found


def metrics_in(query: str) -> set[str]:
    """The names of metrics in a query of PromQL."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', query)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)", " ", text)
    names = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", text)
    return {name for name in names if name not in _KEYWORDS}
