"""The pipeline's commit: one line for one environment, behind whoever pushed before."""

import shutil
import subprocess
from pathlib import Path

import pytest

from .manifests import ROOT

DIGEST = "sha256:" + "5e" * 32
OTHER = "sha256:" + "a7" * 32


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def release(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([clone / "scripts/release-image", *arguments], capture_output=True, text=True, check=False)


def clone_of(origin: Path, folder: Path) -> Path:
    git(origin.parent, "clone", "--quiet", str(origin), str(folder))
    for name in (".venv", ".local"):
        (folder / name).symlink_to(ROOT / name)
    git(folder, "config", "user.name", "pipeline")
    git(folder, "config", "user.email", "pipeline@example.com")
    return folder


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with what is released, and nobody's clone yet."""
    seed = tmp_path / "seed"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(seed))
    shutil.copytree(ROOT / "k8s", seed / "k8s")
    shutil.copytree(ROOT / "scripts", seed / "scripts")
    git(seed, "add", ".")
    git(seed, "-c", "user.name=seed", "-c", "user.email=seed@example.com", "commit", "--quiet", "-m", "Seed")
    git(tmp_path, "clone", "--quiet", "--bare", str(seed), str(tmp_path / "origin"))
    return tmp_path / "origin"


def test_a_release_is_one_commit_that_changes_the_digest_and_what_is_rendered(origin: Path, tmp_path: Path) -> None:
    done = release(clone_of(origin, tmp_path / "clone"), "dev", DIGEST)
    assert done.returncode == 0, done.stderr
    assert git(origin, "log", "--format=%s", "main").splitlines() == ["Release sha256:5e5e5e5e5e5e to dev", "Seed"]
    added = [line for line in git(origin, "show", "main", "--format=", "--unified=0").splitlines() if line[:2] != "++"]
    assert [line for line in added if line.startswith("+")] == [
        next(line for line in added if line.startswith("+        image: ") and line.endswith(DIGEST)),
        f"+- digest: {DIGEST}",
    ]


def test_the_same_image_again_is_no_commit(origin: Path, tmp_path: Path) -> None:
    clone = clone_of(origin, tmp_path / "clone")
    release(clone, "prod", DIGEST)
    done = release(clone, "prod", DIGEST)
    assert "has that image already" in done.stdout
    assert len(git(origin, "log", "--format=%s", "main").splitlines()) == 2


def test_a_release_goes_behind_another_that_was_faster(origin: Path, tmp_path: Path) -> None:
    slow, fast = clone_of(origin, tmp_path / "slow"), clone_of(origin, tmp_path / "fast")
    # The hook runs when the slow one has committed and is about to push, and does what another pipeline would.
    hook = slow / ".git/hooks/pre-push"
    hook.write_text(f"#!/bin/sh\nrm $0\nunset GIT_DIR\ncd {fast} && scripts/release-image dev {OTHER}\n")
    hook.chmod(0o755)
    done = release(slow, "dev", DIGEST)
    assert done.returncode == 0, done.stderr
    assert len(git(origin, "log", "--format=%s", "main").splitlines()) == 3
    assert DIGEST in git(origin, "show", "main:k8s/overlays/dev/kustomization.yaml")


def test_a_tag_is_not_released(origin: Path, tmp_path: Path) -> None:
    done = release(clone_of(origin, tmp_path / "clone"), "dev", "latest")
    assert done.returncode != 0
    assert "is no digest" in done.stderr
    assert git(origin, "log", "--format=%s", "main").splitlines() == ["Seed"]


def test_work_that_is_not_committed_is_not_swept_along(origin: Path, tmp_path: Path) -> None:
    clone = clone_of(origin, tmp_path / "clone")
    with (clone / "k8s/base/deployment.yaml").open("a") as file:
        file.write("# by hand\n")
    done = release(clone, "dev", DIGEST)
    assert done.returncode != 0
    assert "not committed" in done.stderr


def test_commits_that_are_not_pushed_are_not_swept_along(origin: Path, tmp_path: Path) -> None:
    clone = clone_of(origin, tmp_path / "clone")
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Mine")
    done = release(clone, "dev", DIGEST)
    assert done.returncode != 0
    assert "not pushed" in done.stderr
    assert git(clone, "log", "-1", "--format=%s") == "Mine\n"
