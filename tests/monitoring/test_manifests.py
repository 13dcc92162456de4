"""What a cluster is given: as its schemas say, and the same rules and dashboards as the plain files."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from scripts import k8s

from tests.k8s.manifests import complaints, crds

from .rules import ROOT, RULES

OVERLAYS = sorted(path.parent for path in (ROOT / "monitoring/overlays").glob("*/kustomization.yaml"))
BOARDS = sorted((ROOT / "monitoring/kubernetes/dashboards").glob("*.json"))
WORKER = ROOT / "k8s/base/deployment.yaml"

Manifest = dict[str, Any]

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)


@cache
def build(overlay: Path) -> tuple[Manifest, ...]:
    command = [ROOT / "scripts/tool", "kustomize", "build", overlay]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(yaml.load_all(text, yaml.CSafeLoader))


def of_kind(overlay: Path, kind: str) -> list[Manifest]:
    return [each for each in build(overlay) if each["kind"] == kind]


@each_overlay
def test_every_object_is_one_that_the_api_server_takes(overlay: Path, tmp_path: Path) -> None:
    built_in = [each for each in build(overlay) if each["apiVersion"] in k8s.BUILT_IN]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(built_in))
    command = [ROOT / "scripts/tool", "kubernetes-validate", "--strict", tmp_path / "all.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    custom = [each for each in build(overlay) if each["apiVersion"] not in k8s.BUILT_IN]
    assert {each["kind"] for each in custom} == {"PodMonitor", "PrometheusRule", "ServiceMonitor"}
    assert [complaint for each in custom for complaint in complaints(each)] == []


@each_overlay
def test_rules_and_dashboards_are_those_of_the_plain_files(overlay: Path) -> None:
    given = {each["metadata"]["name"]: each["spec"] for each in of_kind(overlay, "PrometheusRule")}
    assert given == {f"datavault-{path.stem}": yaml.safe_load(path.read_text()) for path in RULES}
    shown = {
        name: json.loads(text)
        for each in of_kind(overlay, "ConfigMap")
        if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
        for name, text in each["data"].items()
    }
    assert shown == {path.name: json.loads(path.read_text()) for path in BOARDS}


@each_overlay
def test_the_exporter_asks_for_this_environments_names(overlay: Path) -> None:
    (given,) = (each for each in of_kind(overlay, "ConfigMap") if "exporter.yaml" in each["data"])
    (pod,) = (each["spec"]["template"]["spec"] for each in of_kind(overlay, "Deployment"))
    assert [volume["configMap"]["name"] for volume in pod["volumes"]] == [given["metadata"]["name"]]
    settings = yaml.safe_load(given["data"]["exporter.yaml"])
    names = {
        dimension["value"]
        for source in settings["static"]
        if source["namespace"].startswith("AWS/")
        for dimension in source["dimensions"]
    }
    assert {name.rpartition(f"-{overlay.name}-")[0] for name in names} == {"datavault"}


@each_overlay
def test_the_exporter_runs_under_the_restricted_standard(overlay: Path) -> None:
    (pod,) = (each["spec"]["template"]["spec"] for each in of_kind(overlay, "Deployment"))
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@each_overlay
def test_the_image_of_the_exporter_is_the_version_that_the_laptop_builds(overlay: Path) -> None:
    (pod,) = (each["spec"]["template"]["spec"] for each in of_kind(overlay, "Deployment"))
    tag = pod["containers"][0]["image"].rpartition(":")[2]
    assert f"yet-another-cloudwatch-exporter {tag}\n" in (ROOT / "monitoring/exporter/go.mod").read_text()


def test_the_monitors_find_the_worker_and_the_exporter_and_give_them_the_jobs_that_rules_know() -> None:
    overlay = OVERLAYS[0]
    (pods,) = of_kind(overlay, "PodMonitor")
    (services,) = of_kind(overlay, "ServiceMonitor")
    worker = yaml.safe_load(WORKER.read_text())["spec"]["template"]
    (exporter,) = of_kind(overlay, "Service")
    for monitor, labels, job in (
        (pods, worker["metadata"]["labels"], "datavault-processor"),
        (services, exporter["metadata"]["labels"], "cloudwatch-exporter"),
    ):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert labels[monitor["spec"]["jobLabel"]] == job
    ports = {port["name"] for container in worker["spec"]["containers"] for port in container["ports"]}
    assert {endpoint["port"] for endpoint in pods["spec"]["podMetricsEndpoints"]} <= ports
    assert {endpoint["port"] for endpoint in services["spec"]["endpoints"]} == {"http"}


def test_the_charts_values_make_a_prometheus_that_the_operator_takes() -> None:
    """The chart's template copies the fields under its own names; it cannot be fetched from a package registry."""
    values = yaml.safe_load((ROOT / "monitoring/kube-prometheus-stack.yaml").read_text())
    spec = values["prometheus"]["prometheusSpec"]
    fields = {name: value for name, value in spec.items() if not name.endswith("SelectorNilUsesHelmValues")}
    fields["storage"] = fields.pop("storageSpec")
    schema = crds()["monitoring.coreos.com/v1", "Prometheus"]["properties"]["spec"]
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(fields)) == []
    wrong = fields | {"retentionsize": "40GB"}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(wrong)) != []
