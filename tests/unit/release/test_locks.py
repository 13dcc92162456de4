"""Every lock file in the repository names what it locks by hash, and installing checks that."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
]


def named(pattern: str) -> list[Path]:
    found = [file for file in FILES if file.match(pattern) and file.is_file()]
    assert found, f"no {pattern}: this test would prove nothing"
    return found


def short(file: Path) -> str:
    return str(file.relative_to(ROOT))


def without_hash_of_uv(text: str) -> list[str]:
    """Packages of a registry, or files of them, that have no SHA-256."""
    return [
        f"{package['name']} {file['url']}"
        for package in tomllib.loads(text)["package"]
        if "registry" in package["source"]
        for file in [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])] or [{"url": ""}]
        if not file.get("hash", "").startswith("sha256:")
    ]


def without_hash_of_pip(text: str) -> list[str]:
    """Requirements that have no SHA-256, or no exact version."""
    joined = re.sub(r"\\\n", " ", text)
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [line for line in lines if "==" not in line or "--hash=sha256:" not in line]


def without_hash_of_npm(text: str) -> list[str]:
    packages = json.loads(text)["packages"]
    return [
        name for name, package in packages.items() if name and not package.get("integrity", "").startswith("sha512-")
    ]


@pytest.mark.parametrize("lock", named("uv.lock"), ids=short)
def test_every_package_that_uv_installs_has_its_hash(lock: Path) -> None:
    assert without_hash_of_uv(lock.read_text()) == []


@pytest.mark.parametrize("lock", [*named("*-requirements.txt"), *named("scripts/locks/*.txt")], ids=short)
def test_every_package_that_pip_installs_has_its_hash(lock: Path) -> None:
    assert without_hash_of_pip(lock.read_text()) == []


@pytest.mark.parametrize("lock", named("package-lock.json"), ids=short)
def test_every_package_that_npm_installs_has_its_hash(lock: Path) -> None:
    assert without_hash_of_npm(lock.read_text()) == []


@pytest.mark.parametrize("module", named("go.mod"), ids=short)
def test_every_go_module_has_its_sums(module: Path) -> None:
    assert "h1:" in (module.parent / "go.sum").read_text()


@pytest.mark.parametrize("lock", named(".terraform.lock.hcl"), ids=short)
def test_every_terraform_root_has_the_providers_hashes(lock: Path) -> None:
    assert re.search(r'"(?:h1|zh):', lock.read_text())


def test_a_package_without_a_hash_is_found() -> None:
    assert without_hash_of_uv(
        '[[package]]\nname = "a"\nsource = { registry = "r" }\n'
        'wheels = [{ url = "a.whl", hash = "sha256:1" }, { url = "b.whl" }]\n'
        '[[package]]\nname = "c"\nsource = { registry = "r" }\n'
    ) == ["a b.whl", "c "]
    assert without_hash_of_pip("# a comment\na==1 \\\n    --hash=sha256:1\nb==2\nc>=1 --hash=sha256:1\n") == [
        "b==2",
        "c>=1 --hash=sha256:1",
    ]
    assert without_hash_of_npm('{"packages": {"": {}, "a": {"integrity": "sha512-1"}, "b": {}}}') == ["b"]


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/tool", "scripts/package.py"])
def test_pip_installs_nothing_without_its_hash(script: str) -> None:
    text = re.sub(r"\\\n", " ", (ROOT / script).read_text())
    installs = [line for line in text.splitlines() if re.search(r'\bpip"?,? "?install\b', line)]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []
