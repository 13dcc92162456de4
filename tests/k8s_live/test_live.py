"""What the documents promise, on a real API server: apply, look, roll, undo, drain; and what it must refuse."""

import json
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from tests.k8s.manifests import BUILDS, NAME, ROOT, build, container, pod

from .cluster import ZONES, Cluster, running

SPACE = "--namespace=datavault"
DEPLOYMENT = f"deployment/{NAME}"
NEW_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/datavault-dev/datavault-processor@sha256:" + "5e" * 32


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def applied(cluster: Cluster) -> Cluster:
    """The first thing that a person does in a cluster that has nothing of ours: no KEDA, no definitions."""
    cluster.kubectl("apply", "-f", "k8s/", "--validate=strict")
    cluster.kubectl("rollout", "status", DEPLOYMENT, SPACE, "--timeout=180s")
    return cluster


@pytest.fixture(scope="module")
def with_definitions(applied: Cluster) -> Cluster:
    folder = subprocess.run([ROOT / "scripts/crds"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    # As Argo CD's own manual says: its definitions do not fit into the annotation of a client-side apply.
    applied.kubectl("apply", "--server-side", "--filename", folder)
    applied.kubectl("wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=120s")
    for name in ("argocd", "monitoring"):
        applied.kubectl("create", "namespace", name)
    return applied


def image(cluster: Cluster) -> str:
    spec = cluster.get(DEPLOYMENT, SPACE)["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def test_apply_makes_the_worker_available(applied: Cluster) -> None:
    (each,) = applied.get("pods", SPACE)["items"]
    assert each["status"]["phase"] == "Running"
    assert "1/1" in applied.kubectl("get", "pods", "-n", "datavault")
    assert applied.get(DEPLOYMENT, SPACE)["status"]["availableReplicas"] == 1


def test_a_second_apply_would_change_nothing(applied: Cluster) -> None:
    done = applied.try_kubectl("diff", "-f", "k8s/")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_api_server_found_no_warning_in_it(applied: Cluster) -> None:
    done = applied.try_kubectl("apply", "-f", "k8s/", "--dry-run=server")
    assert done.returncode == 0
    assert "Warning" not in done.stderr


def test_a_new_image_rolls_and_an_undo_brings_the_old_one_back(applied: Cluster) -> None:
    old = image(applied)
    applied.kubectl("set", "image", DEPLOYMENT, f"processor={NEW_IMAGE}", SPACE)
    applied.kubectl("rollout", "status", DEPLOYMENT, SPACE, "--timeout=180s")
    assert image(applied) == NEW_IMAGE
    applied.kubectl("rollout", "undo", DEPLOYMENT, SPACE)
    applied.kubectl("rollout", "status", DEPLOYMENT, SPACE, "--timeout=180s")
    assert image(applied) == old


def test_workers_stand_in_different_zones(applied: Cluster) -> None:
    applied.kubectl("scale", DEPLOYMENT, "--replicas=3", SPACE)
    applied.kubectl("rollout", "status", DEPLOYMENT, SPACE, "--timeout=180s")
    nodes = {
        each["spec"]["nodeName"]
        for each in applied.get("pods", SPACE)["items"]
        if "deletionTimestamp" not in each["metadata"]
    }
    assert nodes == {f"node-{zone}" for zone in ZONES}


def test_the_only_worker_does_not_hold_up_the_drain_of_its_node(applied: Cluster) -> None:
    applied.kubectl("scale", DEPLOYMENT, "--replicas=1", SPACE)
    applied.kubectl("wait", "--for=jsonpath={.status.replicas}=1", DEPLOYMENT, SPACE, "--timeout=120s")
    (node,) = {
        each["spec"]["nodeName"]
        for each in applied.get("pods", SPACE)["items"]
        if "deletionTimestamp" not in each["metadata"]
    }
    applied.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
    applied.kubectl("rollout", "status", DEPLOYMENT, SPACE, "--timeout=180s")
    applied.kubectl("uncordon", node)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("securityContext", {"privileged": True}, "privileged"),
        ("securityContext", {}, "allowPrivilegeEscalation"),
    ],
)
def test_a_pod_that_is_not_restricted_is_refused(applied: Cluster, field: str, value: object, complaint: str) -> None:
    spec = pod("dev") | {"containers": [container("dev") | {field: value}]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intruder"}, "spec": spec}
    done = applied.try_kubectl("create", "--filename=-", SPACE, stdin=json.dumps(manifest))
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr
    assert complaint in done.stderr


@pytest.mark.parametrize("name", BUILDS)
def test_the_api_server_takes_every_build_with_its_custom_resources(with_definitions: Cluster, name: str) -> None:
    done = with_definitions.try_kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        "--filename=-",
        stdin=yaml.safe_dump_all(build(name)),
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ApplicationSet", ["spec", "template", "spec", "source", "targetRevison"]),
        ("ApplicationSet", ["spec", "syncPolicy", "preserveResources"]),
        ("AppProject", ["spec", "clusterResourceWhiteList"]),
        ("Application", ["spec", "syncPolicy", "automated", "selfheal"]),
    ],
)
def test_the_api_server_refuses_a_slip_in_argo_cds_objects(
    with_definitions: Cluster, kind: str, path: list[str]
) -> None:
    text = yaml.safe_dump(next(each for each in build("argocd") if each["kind"] == kind))
    manifest = yaml.safe_load(text)
    place = manifest
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = "x"
    done = with_definitions.try_kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-", stdin=json.dumps(manifest)
    )
    assert done.returncode != 0
    assert path[-1] in done.stderr


def test_apply_with_kustomize_brings_the_scaling_too(with_definitions: Cluster) -> None:
    with_definitions.kubectl("apply", "-k", "k8s/overlays/dev", "--server-side", "--force-conflicts")
    assert with_definitions.get("scaledobject", NAME, SPACE)["spec"]["maxReplicaCount"] == 2


def test_deleting_what_was_applied_leaves_nothing(with_definitions: Cluster) -> None:
    with_definitions.kubectl("delete", "-f", "k8s/", "--timeout=180s")
    assert with_definitions.try_kubectl("get", "namespace", "datavault").returncode != 0
