"""`kubectl apply -f k8s/` applies what kustomize makes, and `make k8s-…` write only what is right."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts import k8s

from .manifests import ROOT

DIGEST = "sha256:" + "5e" * 32
STACK = {
    "region": "eu-west-1",
    "held_queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-raw-held",
    "processed_bucket": "acme-processed-data",
    "quarantine_bucket": "acme-quarantine-data",
    "stream_name": "acme-chunks",
    "worker": {"queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-large-objects"},
    "platform": {
        "repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/datavault-processor",
        "service_network": "acme",
    },
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the commands write."""
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    monkeypatch.setattr(k8s, "ROOT", tmp_path)
    monkeypatch.setattr(k8s, "terraform_stack", lambda env: STACK)
    return tmp_path


def test_the_file_that_is_applied_is_not_stale() -> None:
    assert (ROOT / "k8s/datavault.yaml").read_text() == k8s.rendered(k8s.rendered_from()), "make k8s-render"


def test_the_folder_holds_one_file_that_kubectl_reads() -> None:
    endings = {".json", ".yaml", ".yml"}
    assert [path.name for path in (ROOT / "k8s").iterdir() if path.suffix in endings] == [k8s.RENDERED]


def test_it_holds_only_kinds_that_every_cluster_has_and_the_namespace_first() -> None:
    objects = list(yaml.safe_load_all((ROOT / "k8s/datavault.yaml").read_text()))
    assert {each["apiVersion"] for each in objects} == k8s.BUILT_IN
    assert objects[0]["kind"] == "Namespace"


def test_settings_write_the_overlay_and_what_is_rendered_from_it(checkout: Path) -> None:
    k8s.settings("dev")
    folder = checkout / "k8s/overlays/dev"
    assert (folder / "settings.env").read_text() == (
        "AWS_REGION=eu-west-1\n"
        "DATAVAULT_HELD_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/123456789012/acme-raw-held\n"
        "DATAVAULT_PROCESSED_BUCKET=acme-processed-data\n"
        "DATAVAULT_QUARANTINE_BUCKET=acme-quarantine-data\n"
        "DATAVAULT_STREAM_NAME=acme-chunks\n"
        "DATAVAULT_WORKER_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/123456789012/acme-large-objects\n"
    )
    assert (folder / "platform.env").read_text() == "service_network=acme\n"
    assert k8s.image_of(folder)["newName"] == STACK["platform"]["repository_url"]  # type: ignore[index]
    assert "acme-large-objects" in (checkout / "k8s/datavault.yaml").read_text()


def test_settings_of_another_overlay_leave_the_rendered_file_alone(checkout: Path) -> None:
    before = (checkout / "k8s/datavault.yaml").read_text()
    k8s.settings("prod")
    assert (checkout / "k8s/datavault.yaml").read_text() == before


def test_settings_keep_the_digest_and_an_image_keeps_the_registry(checkout: Path) -> None:
    folder = checkout / "k8s/overlays/staging"
    k8s.image("staging", DIGEST)
    k8s.settings("staging")
    assert k8s.image_of(folder) == {
        "name": "datavault-processor",
        "newName": STACK["platform"]["repository_url"],  # type: ignore[index]
        "digest": DIGEST,
    }


def test_an_image_changes_one_line_of_the_overlay(checkout: Path) -> None:
    path = checkout / "k8s/overlays/prod/kustomization.yaml"
    before = path.read_text().splitlines()
    k8s.image("prod", DIGEST)
    changed = set(path.read_text().splitlines()) - set(before)
    assert changed == {f"- digest: {DIGEST}"}
    k8s.image("prod", DIGEST)
    assert len(path.read_text().splitlines()) == len(before)


@pytest.mark.parametrize("digest", ["latest", "sha256:5e5e", "v1.2.3", DIGEST.upper(), DIGEST + "\n"])
def test_what_can_move_is_no_image(checkout: Path, digest: str) -> None:
    with pytest.raises(k8s.SettingsError, match="is no digest"):
        k8s.image("prod", digest)


@pytest.mark.parametrize("url", ["https://git.example.com/a/b.git", "git@git.example.com:a/b.git", "ssh://git@h:22/b"])
def test_argo_cd_is_told_where_the_repository_is(checkout: Path, url: str) -> None:
    k8s.repository(url)
    assert (checkout / "k8s/argocd/repository.env").read_text() == f"url={url}\n"


@pytest.mark.parametrize("url", ["https://me:secret@git.example.com/b.git", "../b", "", "https://h/b\nurl=x"])
def test_an_address_with_a_password_or_none_is_refused(checkout: Path, url: str) -> None:
    with pytest.raises(k8s.SettingsError, match="no address"):
        k8s.repository(url)


@pytest.mark.parametrize("env", ["production", "../argocd", ""])
def test_an_environment_without_an_overlay_is_refused_with_those_that_there_are(env: str) -> None:
    with pytest.raises(k8s.SettingsError, match="dev, prod, staging"):
        k8s.overlay(env)


def test_every_output_that_is_missing_or_wrong_is_named_at_once() -> None:
    stack: dict[str, Any] = json.loads(json.dumps(STACK))
    stack["worker"] = None
    stack["held_queue_url"] = "http://127.0.0.1:4566/000000000000/held"
    del stack["stream_name"]
    with pytest.raises(k8s.SettingsError) as raised:
        k8s.read_stack(stack, "dev")
    assert [line.strip().partition(" ")[0] for line in str(raised.value).splitlines()] == [
        "Terraform's",
        "DATAVAULT_HELD_QUEUE_URL:",
        "DATAVAULT_STREAM_NAME:",
        "DATAVAULT_WORKER_QUEUE_URL:",
        "hint:",
    ]


def test_every_output_that_is_asked_for_is_one_of_the_stacks() -> None:
    text = (ROOT / "infrastructure/outputs.tf").read_text()
    blocks = dict(re.findall(r'^output "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))
    asked = {path for path, _ in [*k8s.SETTINGS.values(), *k8s.PLATFORM.values(), k8s.REPOSITORY]}
    given = set(blocks) | {
        f"{name}.{key}" for name, body in blocks.items() for key in re.findall(r"^ +(\w+) += ", body, re.MULTILINE)
    }
    assert asked - given == set()


def test_a_refused_setting_writes_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (checkout / "k8s/overlays/dev/settings.env").read_text()
    monkeypatch.setattr(k8s, "terraform_stack", lambda env: {**STACK, "region": "Mars"})
    with pytest.raises(k8s.SettingsError, match="'Mars'"):
        k8s.settings("dev")
    assert (checkout / "k8s/overlays/dev/settings.env").read_text() == before
