"""What the manifests promise, whichever overlay is applied."""

import os
import re
from typing import Any

import pytest
from scripts import k8s

from datavault.settings import SettingsError
from datavault.worker import settings

from .manifests import NAME, OVERLAYS, WORKERS, build, container, one, pod

each_worker = pytest.mark.parametrize("name", WORKERS)


def policies(name: str, direction: str) -> list[dict[str, Any]]:
    """The rules of all policies that open something for the worker."""
    rules: list[dict[str, Any]] = []
    for each in build(name):
        if each["kind"] == "NetworkPolicy":
            rules += each["spec"].get(direction, [])
    return rules


@each_worker
def test_the_namespace_refuses_pods_that_are_not_restricted(name: str) -> None:
    labels = one(name, "Namespace", "datavault")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@each_worker
def test_the_pod_is_restricted_and_its_root_is_read_only(name: str) -> None:
    security = pod(name)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 65532
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(name))


@each_worker
def test_only_tmp_can_be_written_and_only_so_much(name: str) -> None:
    assert [mount["mountPath"] for mount in container(name)["volumeMounts"]] == ["/tmp"]
    (volume,) = pod(name)["volumes"]
    assert volume["emptyDir"]["sizeLimit"]


@each_worker
def test_the_pod_has_no_token_of_the_api_server(name: str) -> None:
    assert pod(name)["automountServiceAccountToken"] is False
    assert one(name, "ServiceAccount")["automountServiceAccountToken"] is False
    assert pod(name)["serviceAccountName"] == NAME


@each_worker
def test_the_image_is_named_by_its_digest(name: str) -> None:
    assert re.fullmatch(rf"[\w./-]+/{NAME}@sha256:[0-9a-f]{{64}}", container(name)["image"])


@each_worker
def test_resources_are_as_promised(name: str) -> None:
    assert container(name)["resources"] == {
        "requests": {"memory": "512Mi", "cpu": "250m"},
        "limits": {"memory": "1Gi", "cpu": "500m"},
    }


@each_worker
def test_all_three_probes_ask_the_port_that_is_called_http(name: str) -> None:
    probes = {kind: container(name)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"path": "/healthz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }


@each_worker
def test_a_rollout_takes_no_worker_away_before_the_next_is_ready(name: str) -> None:
    strategy = one(name, "Deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert pod(name)["terminationGracePeriodSeconds"] == 120


@each_worker
def test_workers_are_spread_over_zones(name: str) -> None:
    assert "topology.kubernetes.io/zone" in [each["topologyKey"] for each in pod(name)["topologySpreadConstraints"]]


@each_worker
def test_the_port_is_the_same_wherever_it_stands(name: str) -> None:
    (port,) = container(name)["ports"]
    assert port == {"name": "http", "containerPort": 8080}
    assert one(name, "ConfigMap")["data"]["DATAVAULT_WORKER_PORT"] == "8080"
    (service,) = one(name, "Service")["spec"]["ports"]
    assert service == {"name": "http", "port": 8080, "targetPort": "http"}
    assert {each["port"] for rule in policies(name, "ingress") for each in rule["ports"]} == {8080}


@each_worker
def test_the_worker_gets_every_setting_from_the_config_map_of_that_name(name: str) -> None:
    config = one(name, "ConfigMap")
    assert container(name)["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    assert re.fullmatch(rf"{NAME}-[a-z0-9]{{10}}", config["metadata"]["name"])  # a change of it rolls the Deployment
    assert set(config["data"]) == {*k8s.SETTINGS, "DATAVAULT_CONTRACTS", "DATAVAULT_WORKER_PORT"}


def test_the_overlays_set_exactly_what_the_worker_cannot_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("DATAVAULT_", "AWS_"))]:
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError) as raised:
        settings.read()
    assert set(str(raised.value).partition(": ")[2].split(", ")) == set(k8s.SETTINGS)


@each_worker
def test_every_selector_finds_the_pods(name: str) -> None:
    labels = one(name, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    selectors = [
        one(name, "Deployment")["spec"]["selector"]["matchLabels"],
        one(name, "Service")["spec"]["selector"],
        one(name, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(name, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod(name)["topologySpreadConstraints"]),
    ]
    assert selectors == [{"app.kubernetes.io/name": NAME}] * len(selectors)
    assert {"app.kubernetes.io/name": NAME}.items() <= labels


@each_worker
def test_the_disruption_budget_never_blocks_a_drain(name: str) -> None:
    spec = one(name, "PodDisruptionBudget")["spec"]
    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@each_worker
def test_whatever_is_not_allowed_is_denied(name: str) -> None:
    spec = one(name, "NetworkPolicy", "default-deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@each_worker
def test_the_worker_reaches_names_https_and_its_credentials_and_nothing_else(name: str) -> None:
    reached = [
        (str(to.get("ipBlock", {}).get("cidr", "pods")), port["protocol"], port["port"])
        for rule in policies(name, "egress")
        for to in rule["to"]
        for port in rule["ports"]
    ]
    assert sorted(reached) == [
        ("0.0.0.0/0", "TCP", 443),
        ("169.254.170.23/32", "TCP", 80),
        ("pods", "TCP", 53),
        ("pods", "UDP", 53),
    ]
    (https,) = (rule for rule in policies(name, "egress") if rule["ports"] == [{"protocol": "TCP", "port": 443}])
    assert https["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]  # the node's metadata and agents


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_prometheus_comes_in_from_where_its_monitor_is(name: str) -> None:
    (rule,) = policies(name, "ingress")
    monitor = one(f"monitoring {name}", "PodMonitor")
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": monitor["metadata"]["namespace"]}}}
    ]
    assert monitor["spec"]["selector"] == one(name, "Deployment")["spec"]["selector"]
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": [one(name, "Deployment")["metadata"]["namespace"]]}


def test_with_the_mesh_lattice_comes_in_too() -> None:
    blocks = [
        each["ipBlock"] for rule in policies("prod with mesh", "ingress") for each in rule["from"] if "ipBlock" in each
    ]
    assert blocks == [{"cidr": "169.254.171.0/24"}]


def test_the_mesh_shows_health_of_the_service_that_there_is_and_no_metrics() -> None:
    route = one("prod with mesh", "HTTPRoute")["spec"]
    (rule,) = route["rules"]
    assert {match["path"]["value"] for match in rule["matches"]} == {"/healthz", "/readyz"}
    assert rule["backendRefs"] == [{"kind": "Service", "name": NAME, "port": 8080}]
    gateway = one("prod with mesh", "Gateway", route["parentRefs"][0]["name"])
    assert f"service_network={gateway['metadata']['name']}\n" == (OVERLAYS["prod"] / "platform.env").read_text()
    assert route["parentRefs"][0]["sectionName"] in [each["name"] for each in gateway["spec"]["listeners"]]


@each_worker
def test_the_queue_decides_how_many_and_never_none(name: str) -> None:
    spec = one(name, "ScaledObject")["spec"]
    assert spec["scaleTargetRef"] == {"name": NAME}
    assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
    assert "replicas" not in one(name, "Deployment")["spec"]  # an apply would set back what KEDA has set
    (trigger,) = spec["triggers"]
    settings = one(name, "ConfigMap")["data"]
    assert trigger["metadata"]["queueURLFromEnv"] in settings
    assert trigger["metadata"]["awsRegion"] == settings["AWS_REGION"]
    authentication = one(name, "TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert authentication["spec"] == {"podIdentity": {"provider": "aws"}}


def test_prod_goes_on_when_a_node_goes() -> None:
    assert one("prod", "ScaledObject")["spec"]["minReplicaCount"] >= 2


@each_worker
def test_everything_is_in_the_namespace(name: str) -> None:
    cluster_wide = {"Namespace", "GatewayClass"}
    outside = [each["kind"] for each in build(name) if each["metadata"].get("namespace") != "datavault"]
    assert set(outside) <= cluster_wide
