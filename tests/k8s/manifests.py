"""The manifests as kustomize renders them, and the schemas that they are held against."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = {path.parent.name: path.parent for path in sorted(ROOT.glob("k8s/overlays/*/kustomization.yaml"))}
# Everything that somebody may apply.
WORKERS = {**OVERLAYS, "prod with mesh": ROOT / "tests/k8s/with_mesh"}
MONITORING = {f"monitoring {name}": ROOT / "monitoring/overlays" / name for name in OVERLAYS}
BUILDS = {**WORKERS, **MONITORING, "argocd": ROOT / "k8s/argocd"}
NAME = "datavault-processor"

Manifest = dict[str, Any]


@cache
def build(name: str) -> tuple[Manifest, ...]:
    """What kustomize makes of one of BUILDS."""
    command = [str(ROOT / "scripts/tool"), "kustomize", "build", str(BUILDS[name])]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(yaml.load_all(text, yaml.CSafeLoader))


def one(name: str, kind: str, called: str = NAME) -> Manifest:
    """The object of that kind and name; a ConfigMap's hash (in kustomize's alphabet) does not count."""
    (found,) = (
        each
        for each in build(name)
        if each["kind"] == kind and re.fullmatch(rf"{called}(-[2456789bcdfghkmt]{{10}})?", each["metadata"]["name"])
    )
    return found


def pod(name: str) -> Manifest:
    spec: Manifest = one(name, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(name: str) -> Manifest:
    (only,) = pod(name)["containers"]
    return dict(only)


@cache
def crds() -> dict[tuple[str, str], Manifest]:
    """The closed schema of each custom resource, by apiVersion and kind."""
    folder = subprocess.run([ROOT / "scripts/crds"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    found = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            schema = close(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return found


def close(schema: Any) -> Any:
    """Refuse unknown fields, as the API server's strict validation does, where the schema does not want them kept."""
    if isinstance(schema, list):
        return [close(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may be called as a keyword is; only its value is a schema.
    closed = {
        key: {name: close(each) for name, each in value.items()} if key == "properties" else close(value)
        for key, value in schema.items()
        if key not in ("enum", "default", "required", "description")
    }
    closed |= {key: schema[key] for key in ("enum", "required") if key in schema}
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and schema.get("type") == "object" and not keeps:
        closed["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed


def complaints(manifest: Manifest) -> list[str]:
    """What a custom resource's definition has against an object."""
    schema = crds()[manifest["apiVersion"], manifest["kind"]]
    validator = jsonschema.Draft7Validator(schema)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(manifest)]
