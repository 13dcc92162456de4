"""`make sync`: the image of the commit is built once, released by a commit, and waited for.

AWS, Argo CD and buildah are stand-ins that write down how they were called.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/datavault/datavault-processor"
DIGEST = "sha256:" + "5e" * 32

# Each is called by its name and notes it. The registry has an image as soon as somebody pushed it.
STAND_INS = {
    ".venv/bin/python": f"""
case "$3" in
repository) echo "${{REPOSITORY-{REPOSITORY}}}" ;;
digest) if [[ -f $STATE/pushed ]]; then echo {DIGEST}; else echo; fi ;;
password) echo secret ;;
esac""",
    "bin/buildah": 'note buildah "$@"\n[[ $1 != push ]] || touch "$STATE/pushed"\n[[ $1 != login ]] || cat >/dev/null',
    "bin/make": 'note make "$@"',
    "bin/argocd": """
note argocd "$@"
[[ $2 != list ]] || echo argocd/datavault-worker
[[ $2 != "${ARGOCD_FAILS:-}" ]]""",
    "scripts/release-image": 'note release-image "$@"',
}
NOTE = '#!/usr/bin/env bash\nset -euo pipefail\nnote() { printf "%s\\n" "$*" >>"$STATE/calls"; }\n'


class Checkout:
    """A clone with stand-ins, and what was called."""

    def __init__(self, folder: Path) -> None:
        self.state, self.root = folder, folder / "checkout"
        (self.root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/sync", self.root / "scripts/sync")
        for name, text in STAND_INS.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(NOTE + text + "\n")
            path.chmod(0o755)
        (self.root / ".gitignore").write_text(".venv\n.local\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "Seed")
        self.git("clone", "--quiet", "--bare", ".", str(folder / "origin"))
        self.git("remote", "add", "origin", str(folder / "origin"))
        self.commit = self.git("rev-parse", "HEAD").strip()
        self.git("checkout", "--quiet", "--detach")  # as a build of a tag

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout

    def sync(self, env: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": f"{self.root}/bin:/usr/bin:/bin", "STATE": str(self.state)} | variables
        command = [self.root / "scripts/sync", env]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        file = self.state / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_a_platform_there_is_nothing_to_do_and_it_is_said(checkout: Checkout) -> None:
    done = checkout.sync("dev", REPOSITORY="")

    assert done.returncode == 0, done.stderr
    assert "dev has no platform" in done.stdout
    assert checkout.calls == []


def test_an_image_that_the_registry_lacks_is_built_pushed_released_and_waited_for(checkout: Checkout) -> None:
    done = checkout.sync("dev")

    assert done.returncode == 0, done.stderr
    assert checkout.calls == [
        f"make image IMAGE={REPOSITORY}:{checkout.commit} ENV=dev",
        f"buildah login --username AWS --password-stdin {REPOSITORY.partition('/')[0]}",
        f"buildah push {REPOSITORY}:{checkout.commit}",
        f"release-image dev {DIGEST}",
        "argocd app list --selector datavault/environment=dev --output name",
        "argocd app get argocd/datavault-worker --refresh",
        "argocd app wait argocd/datavault-worker --sync --health --operation --timeout 900",
    ]
    assert "secret" not in done.stdout + done.stderr


def test_an_image_that_is_there_is_not_built_again(checkout: Checkout) -> None:
    (checkout.state / "pushed").touch()

    assert checkout.sync("dev").returncode == 0
    assert checkout.calls[0] == f"release-image dev {DIGEST}"


def test_a_commit_that_only_releases_an_image_makes_no_other(checkout: Checkout) -> None:
    (checkout.root / "k8s").mkdir()
    (checkout.root / "k8s/kustomization.yaml").write_text("digest")
    checkout.git("add", ".")
    checkout.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "Release")

    assert checkout.sync("dev").returncode == 0
    assert f"buildah push {REPOSITORY}:{checkout.commit}" in checkout.calls


def test_prod_is_synced_by_it_because_nobody_else_does(checkout: Checkout) -> None:
    (checkout.state / "pushed").touch()

    assert checkout.sync("prod").returncode == 0
    assert "argocd app sync argocd/datavault-worker --timeout 900" in checkout.calls


@pytest.mark.parametrize("fails", ["wait", "list"])
def test_what_does_not_become_healthy_fails(fails: str, checkout: Checkout) -> None:
    (checkout.state / "pushed").touch()

    assert checkout.sync("dev", ARGOCD_FAILS=fails).returncode != 0


def test_without_argocd_kubectl_looks_and_a_roll_that_fails_fails(checkout: Checkout) -> None:
    (checkout.state / "pushed").touch()
    (checkout.root / "bin/argocd").unlink()
    kubectl = checkout.root / "bin/kubectl"
    kubectl.write_text(NOTE + f'note kubectl "$@"\n[[ $1 == rollout ]] && exit "${{ROLLS:-0}}"\necho image@{DIGEST}\n')
    kubectl.chmod(0o755)

    assert checkout.sync("dev").returncode == 0
    assert checkout.calls[-1].startswith("kubectl rollout status deployment/datavault-processor")
    assert checkout.sync("dev", ROLLS="1").returncode != 0
