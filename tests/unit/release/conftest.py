"""A small repository that could be released."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.release.repository import Repository

ROOT = Path(__file__).parents[3]
CHANGELOG = """# Changelog

What changes.

## [Unreleased]

### Added

- A thing, `that` is new.

## [0.3.0] - 2026-01-02

### Fixed

- An old thing.
"""
PYPROJECT = """[project]
name = "small"
version = "0.3.0"
requires-python = "==3.13.*"

[dependency-groups]
dev = []
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in os.environ:
        if name.startswith("GIT_") or name in {"SIGN", "COSIGN_KEY", "BUILD_URL", "JENKINS_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "checkout"
    (root / "scripts").mkdir(parents=True)
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / ".gitignore").write_text("build/\n")
    shutil.copyfile(ROOT / "scripts/uv-requirements.txt", root / "scripts/uv-requirements.txt")
    uv = [str(ROOT / ".local/uv/bin/uv"), "lock", "--quiet", "--offline", "--python", sys.executable]
    subprocess.run(uv, cwd=root, check=True)
    made = Repository(root)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("config", "user.name", "Ann")
    made.git("config", "user.email", "ann@example.com")
    made.git("remote", "add", "origin", "https://ann:secret@git.example.com/small.git")
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "Begin")
    made.tag("v0.3.0", "Small 0.3.0")
    made.git("tag", "v1-not-a-version")
    return made
