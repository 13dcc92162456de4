"""Every object is one that the API server takes: Kubernetes' own schemas, and those of the custom resources."""

import copy
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from scripts import k8s

from .manifests import BUILDS, ROOT, build, complaints, one

CLUSTER = ROOT / "modules/cluster/variables.tf"


def supported_versions() -> list[str]:
    """The versions that Terraform's cluster module lets through."""
    (listed,) = re.findall(r"contains\((\[[^]]+\]), var\.kubernetes_version\)", CLUSTER.read_text())
    return sorted(re.findall(r'"([0-9.]+)"', listed))


def validate(version: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [
        str(ROOT / "scripts/tool"),
        "kubernetes-validate",
        "--strict",
        "--kubernetes-version",
        version,
        str(path),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def built_in(name: str) -> list[dict[str, object]]:
    return [each for each in build(name) if each["apiVersion"] in k8s.BUILT_IN]


@pytest.mark.parametrize("version", supported_versions())
def test_every_kubernetes_that_the_cluster_may_have_knows_every_field(version: str, tmp_path: Path) -> None:
    everything = tmp_path / "everything.yaml"
    everything.write_text(yaml.safe_dump_all(each for name in BUILDS for each in built_in(name)))
    done = validate(version, everything)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed") == sum(len(built_in(name)) for name in BUILDS)


def test_a_field_that_kubernetes_does_not_know_is_refused(tmp_path: Path) -> None:
    deployment = copy.deepcopy(one("dev", "Deployment"))
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 120
    (tmp_path / "typo.yaml").write_text(yaml.safe_dump(deployment))
    done = validate(supported_versions()[-1], tmp_path / "typo.yaml")
    assert done.returncode != 0
    assert "terminationGracePeriod" in done.stdout + done.stderr


@pytest.mark.parametrize("name", BUILDS)
def test_every_custom_resource_is_what_its_definition_says(name: str) -> None:
    customs = [each for each in build(name) if each["apiVersion"] not in k8s.BUILT_IN]
    assert customs
    found = {f"{each['kind']} {each['metadata']['name']}": complaints(each) for each in customs}
    assert {where: errors for where, errors in found.items() if errors} == {}


def test_a_field_that_a_definition_does_not_know_is_refused() -> None:
    scaled = copy.deepcopy(one("dev", "ScaledObject"))
    scaled["spec"]["maxReplicas"] = 3
    assert any("maxReplicas" in complaint for complaint in complaints(scaled))
