"""What a command says when it cannot read the environment's outputs."""

from pathlib import Path

import pytest

from datavault.cli import context
from datavault.cli.context import Context, Failure


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two environments, in which a script stands for Terraform."""
    for name in ("environments/local", "environments/prod", "scripts"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(context, "ROOT", tmp_path)
    return tmp_path


def answer(clone: Path, body: str) -> None:
    script = clone / "scripts/terraform"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


@pytest.mark.parametrize(("env", "hint"), [("local", "make up"), ("prod", "make plan ENV=prod AWS=1")])
def test_a_clone_without_init_is_told_to_look_before_it_deploys(clone: Path, env: str, hint: str) -> None:
    answer(clone, "echo 'Backend initialization required' >&2; exit 1")
    with pytest.raises(Failure, match=rf"cannot read the outputs of {env}: Backend (?s:.*)hint: run `{hint}`"):
        _ = Context(env, as_json=False).stack


def test_an_empty_state_is_told_to_deploy(clone: Path) -> None:
    answer(clone, "echo '{}'")
    with pytest.raises(Failure, match=r"nothing is deployed in prod\n  hint: run `make apply ENV=prod`"):
        _ = Context("prod", as_json=False).stack
