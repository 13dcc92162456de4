"""Renovate sees every pinned version: each manager has its files, and each tool of scripts/tool is matched."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())
TOOL = (ROOT / "scripts/tool").read_text()
# A name that ends so, with a number behind it, is a pinned version.
PINNED = re.compile(r"\b([a-z_]+_(?:version|minor))=([0-9][0-9.]*)")


def matched(text: str) -> Counter[tuple[str, str]]:
    """Name and version of what the regular expressions find, as `name_version=1.2`."""
    found: Counter[tuple[str, str]] = Counter()
    for manager in CONFIG["customManagers"]:
        for pattern in manager["matchStrings"]:
            # Renovate's named groups are JavaScript's.
            for match in re.finditer(pattern.replace("(?<", "(?P<"), text):
                found[match[0].partition("=")[0], match["currentValue"]] += 1
    return found


def test_every_version_in_scripts_tool_is_seen_once() -> None:
    pinned = set(PINNED.findall(TOOL))

    assert {"tflint_version", "kustomize_version", "prometheus_minor"} <= {name for name, _ in pinned}
    assert {name for name, _ in matched(TOOL)} == {name for name, _ in pinned}
    assert matched(TOOL) == dict.fromkeys(pinned, 1)


def test_a_version_that_no_manager_knows_is_noticed() -> None:
    text = TOOL + "\nreadonly newtool_version=1.2.3\n"

    assert {name for name, _ in PINNED.findall(text)} - {name for name, _ in matched(text)} == {"newtool_version"}


def test_each_custom_manager_reads_a_file_that_is_there_and_knows_where_releases_are() -> None:
    for manager in CONFIG["customManagers"]:
        assert manager["datasourceTemplate"] in {"github-releases", "pypi", "maven", "go"}
        for pattern in manager["managerFilePatterns"]:
            path = re.fullmatch(r"/\^([\w/.\\-]+)\$/", pattern)
            assert path, pattern
            assert (ROOT / path[1].replace("\\", "")).is_file()


def test_the_tool_of_every_lock_of_pip_is_seen_once() -> None:
    locks = sorted((ROOT / "scripts/locks").glob("*.txt"))

    assert locks
    for lock in locks:
        assert [name.partition("==")[0] for name, _ in matched(lock.read_text())] == [lock.stem]


def test_each_enabled_manager_has_a_file() -> None:
    files = {
        "pep621": ["pyproject.toml", "localcloud/pyproject.toml"],
        "pip_requirements": ["scripts/uv-requirements.txt"],
        "terraform": ["infrastructure/versions.tf", "infrastructure/.terraform.lock.hcl"],
        "gomod": ["monitoring/exporter/go.mod", "tests/k8s_live/control-plane/go.mod"],
        "npm": ["tests/jenkins/package.json", "tests/jenkins/package-lock.json"],
        "maven": ["tests/jenkins/pom.xml"],
        "dockerfile": ["Dockerfile"],
        "custom.regex": ["scripts/tool"],
    }

    assert set(CONFIG["enabledManagers"]) == files.keys()
    assert [path for paths in files.values() for path in paths if not (ROOT / path).is_file()] == []


def test_each_rule_names_files_that_are_there() -> None:
    named = [pattern for rule in CONFIG["packageRules"] for pattern in rule.get("matchFileNames", [])]

    assert named
    assert [pattern for pattern in named if not list(ROOT.glob(pattern))] == []
