"""What Argo CD delivers, to where, and who says go."""

import re
from typing import Any

import lupa
import pytest
import yaml

from .manifests import MONITORING, OVERLAYS, ROOT, WORKERS, build, complaints, one

SETS = ["datavault", "keda", "monitoring"]
LABEL = "datavault/environment"
HEALTH = one("argocd", "ConfigMap", "argocd-cm")["data"]["resource.customizations.health.argoproj.io_ApplicationSet"]
UP_TO_DATE = {"type": "ResourcesUpToDate", "status": "True", "message": "all good"}


def application_set(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = one("argocd", "ApplicationSet", name)["spec"]
    return spec


def project(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = one("argocd", "AppProject", name)["spec"]
    return spec


def automated(name: str) -> tuple[str, dict[str, Any]]:
    """The environment that the patch leaves out, and what it adds for the others."""
    patch = application_set(name)["templatePatch"]
    form = rf'\{{\{{- if ne \(index \.metadata\.labels "{LABEL}"\) "(\w+)" \}}\}}\n(.*)\{{\{{- end \}}\}}\n'
    found = re.fullmatch(form, patch, re.DOTALL)
    assert found
    return found[1], yaml.safe_load(found[2])


def health(status: dict[str, Any] | None) -> str:
    """What the Lua of argocd-cm says of an ApplicationSet with that status."""
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    check = lua.eval(f"function(obj) {HEALTH} end")
    result: str = check(lua.table_from({"status": status} if status else {}, recursive=True))["status"]
    return result


def applications(*states: str) -> dict[str, Any]:
    resources = [{"name": f"app-{number}", "health": {"status": state}} for number, state in enumerate(states)]
    return {"conditions": [UP_TO_DATE], "resources": resources}


@pytest.mark.parametrize("name", SETS)
def test_all_but_prod_are_synced_pruned_and_healed_by_themselves(name: str) -> None:
    left_out, patch = automated(name)
    assert left_out == "prod"
    assert patch == {"spec": {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}}}
    assert "automated" not in application_set(name)["template"]["spec"]["syncPolicy"]


@pytest.mark.parametrize("name", SETS)
def test_what_the_patch_adds_is_what_an_application_takes(name: str) -> None:
    application = one("argocd", "Application", "datavault")
    application["spec"]["syncPolicy"] = automated(name)[1]["spec"]["syncPolicy"]
    assert complaints(application) == []


@pytest.mark.parametrize("name", SETS)
def test_each_environment_has_an_overlay_and_each_overlay_an_environment(name: str) -> None:
    (generator,) = application_set(name)["generators"]
    label = generator["clusters"]["selector"]["matchExpressions"][0]
    assert label["key"] == LABEL
    assert sorted(label["values"]) == sorted(OVERLAYS)


@pytest.mark.parametrize("name", ["datavault", "monitoring"])
def test_the_path_of_each_environment_is_its_overlay(name: str) -> None:
    path = application_set(name)["template"]["spec"]["source"]["path"]
    for env in OVERLAYS:
        folder = path.replace(f'{{{{ index .metadata.labels "{LABEL}" }}}}', env)
        assert (ROOT / folder / "kustomization.yaml").is_file()


@pytest.mark.parametrize("name", [*WORKERS, *MONITORING])
def test_the_project_allows_what_is_delivered(name: str) -> None:
    rules = project("datavault" if name in WORKERS else "datavault-monitoring")
    allowed = {(each["group"], each["kind"]) for each in rules["clusterResourceWhitelist"]}
    allowed |= {(each["group"], each["kind"]) for each in rules["namespaceResourceWhitelist"]}
    delivered = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in build(name)}
    assert delivered - allowed == set()
    namespaces = {each["metadata"].get("namespace") for each in build(name)} - {None}
    assert {each["namespace"] for each in rules["destinations"]} == namespaces


def test_the_roots_project_allows_what_the_folder_holds() -> None:
    allowed = {(each["group"], each["kind"]) for each in project("datavault-root")["namespaceResourceWhitelist"]}
    assert {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in build("argocd")} == allowed
    assert {each["metadata"]["namespace"] for each in build("argocd")} == {"argocd"}


def test_the_repository_stands_in_one_place() -> None:
    (url,) = re.findall(r"^url=(.+)$", (ROOT / "k8s/argocd/repository.env").read_text(), re.MULTILINE)
    assert one("argocd", "Application", "datavault")["spec"]["source"]["repoURL"] == url
    for name in ("datavault", "monitoring"):
        assert application_set(name)["template"]["spec"]["source"]["repoURL"] == url
    for name in ("datavault", "datavault-monitoring", "datavault-root"):
        assert project(name)["sourceRepos"] == [url]
    sources = "".join(path.read_text() for path in (ROOT / "k8s").rglob("*.yaml"))
    assert url not in sources


@pytest.mark.parametrize("name", SETS)
def test_an_application_is_of_a_project_that_there_is_and_from_a_source_that_it_allows(name: str) -> None:
    spec = application_set(name)["template"]["spec"]
    rules = project(spec["project"])
    assert spec["source"]["repoURL"] in rules["sourceRepos"]
    assert spec["destination"]["namespace"] in {each["namespace"] for each in rules["destinations"]}


def test_keda_is_the_one_whose_definitions_we_validate_against() -> None:
    (version,) = re.findall(r"kedacore/keda/v2@v([0-9.]+)", (ROOT / "scripts/crds").read_text())
    assert application_set("keda")["template"]["spec"]["source"]["targetRevision"] == version


def test_waves_are_projects_then_keda_then_workers() -> None:
    def wave(kind: str, name: str) -> int:
        annotations = one("argocd", kind, name)["metadata"].get("annotations", {})
        return int(annotations.get("argocd.argoproj.io/sync-wave", 0))

    assert wave("AppProject", "datavault") < wave("ApplicationSet", "keda") < wave("ApplicationSet", "datavault")
    assert wave("ConfigMap", "argocd-cm") < wave("ApplicationSet", "keda")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "Progressing"),
        ({"conditions": []}, "Progressing"),
        ({"conditions": [{"type": "ErrorOccurred", "status": "True", "message": "no such cluster"}]}, "Degraded"),
        ({"conditions": [{"type": "ErrorOccurred", "status": "False", "message": ""}, UP_TO_DATE]}, "Healthy"),
        (applications("Healthy", "Healthy"), "Healthy"),
        (applications("Healthy", "Progressing"), "Progressing"),
        (applications("Progressing", "Degraded", "Healthy"), "Degraded"),
        (applications("Healthy", "Missing"), "Healthy"),
        ({"conditions": [UP_TO_DATE], "resources": [{"name": "new"}]}, "Progressing"),
    ],
)
def test_an_application_set_is_as_healthy_as_its_applications(status: dict[str, Any] | None, expected: str) -> None:
    assert health(status) == expected
