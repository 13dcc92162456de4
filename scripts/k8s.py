"""`make k8s-settings`, `k8s-image`, `k8s-render`, `k8s-repository`: what of the manifests people do not write.

Settings and registry come from Terraform's outputs, the image's digest from the pipeline that pushed it, and
k8s/datavault.yaml from an overlay. Values are checked before anything is written; a second run changes no file.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

ROOT = Path(__file__).resolve().parents[1]
TOOL = Path(__file__).with_name("tool")
NAME = "datavault-processor"
RENDERED = "datavault.yaml"
# Kinds of these groups are in every cluster; the others come with what is installed in it.
BUILT_IN = frozenset({"v1", "apps/v1", "policy/v1", "networking.k8s.io/v1"})
HEADER = """\
# Made by `make k8s-render ENV={env}` from k8s/overlays/{env}: what `kubectl apply -f k8s/` applies. Do not edit.
# Left out are kinds that a cluster has only with an operator; `kubectl apply -k k8s/overlays/{env}` has them:
#   {left_out}
"""
_FROM = re.compile(r"from k8s/overlays/([a-z]+):")

_NAME = re.compile(r"[a-z0-9][a-zA-Z0-9._-]*")
_QUEUE = re.compile(r"https://sqs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/\d{12}/[A-Za-z0-9_-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_REPOSITORY = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# No user or password: Argo CD has its credentials from a Secret, and this is committed.
_GIT = re.compile(r"(https://|ssh://git@|git@)[\w.-]+[:/][\w.:/~-]+")

# Setting of the worker: where it stands in the output `stack`, and what it looks like.
SETTINGS = {
    "AWS_REGION": ("region", _REGION),
    "DATAVAULT_HELD_QUEUE_URL": ("held_queue_url", _QUEUE),
    "DATAVAULT_PROCESSED_BUCKET": ("processed_bucket", _NAME),
    "DATAVAULT_QUARANTINE_BUCKET": ("quarantine_bucket", _NAME),
    "DATAVAULT_STREAM_NAME": ("stream_name", _NAME),
    "DATAVAULT_WORKER_QUEUE_URL": ("worker.queue_url", _QUEUE),
}
REPOSITORY = ("platform.repository_url", _REPOSITORY)
# What components of kustomize take, not the worker.
PLATFORM = {"service_network": ("platform.service_network", _NAME)}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Env = Annotated[str, typer.Argument(help="Environment: a folder of k8s/overlays/.")]


class SettingsError(ValueError):
    """The manifests cannot be made of this; the message says why and what to do."""


@app.command()
def settings(env: Env) -> None:
    """Write the overlay's settings.env and registry from Terraform's outputs."""
    folder = overlay(env)
    values = read_stack(terraform_stack(env), env)
    for file, names in (("settings.env", SETTINGS), ("platform.env", PLATFORM)):
        (folder / file).write_text("".join(f"{name}={values[name]}\n" for name in names))
    repository = values["repository"]
    digest = image_of(folder)["digest"]
    set_image(folder, f"{repository}@{digest}")
    sys.stdout.write(f"wrote k8s/overlays/{env}: settings, and images from {repository}\n")
    if digest.endswith("0" * 64):
        sys.stdout.write(f"  next: push an image and say which: make k8s-image ENV={env} DIGEST=sha256:…\n")
    refresh(env)


@app.command()
def image(env: Env, digest: Annotated[str, typer.Argument(help="sha256:… of the image that was pushed.")]) -> None:
    """Set the image's digest; the pipeline commits what this changes."""
    folder = overlay(env)
    if not _DIGEST.fullmatch(digest):
        raise SettingsError(
            f"{digest!r} is no digest\n  hint: sha256: and 64 hexadecimal digits, as the push prints it. A tag can be "
            "moved to another image, so none is taken"
        )
    set_image(folder, f"{image_of(folder)['newName']}@{digest}")
    refresh(env)
    sys.stdout.write(f"k8s/overlays/{env}: {NAME}@{digest}\n")


@app.command()
def render(env: Env) -> None:
    """Make k8s/datavault.yaml of that overlay."""
    overlay(env)
    (ROOT / "k8s" / RENDERED).write_text(rendered(env))
    sys.stdout.write(f"wrote k8s/{RENDERED} from k8s/overlays/{env}\n")


@app.command()
def repository(url: Annotated[str, typer.Argument(help="Where Argo CD reads this repository.")]) -> None:
    """Say where Argo CD finds the manifests."""
    if not _GIT.fullmatch(url):
        raise SettingsError(
            f"{url!r} is no address of a Git repository\n  hint: https://… without a password, ssh://git@… or git@…"
        )
    (ROOT / "k8s" / "argocd" / "repository.env").write_text(f"url={url}\n")
    sys.stdout.write(f"wrote k8s/argocd/repository.env: {url}\n")


def overlay(env: str) -> Path:
    """The folder of an environment's overlay."""
    folder = ROOT / "k8s" / "overlays" / env
    if not re.fullmatch(r"[a-z]+", env) or not (folder / "kustomization.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in ROOT.glob("k8s/overlays/*/kustomization.yaml")))
        raise SettingsError(f"no overlay {env!r}\n  hint: ENV=… one of {known}")
    return folder


def read_stack(stack: Mapping[str, Any], env: str) -> dict[str, str]:
    """The worker's settings, the platform's and the image's repository, of the root's output `stack`.

    Raises
    ------
    SettingsError
        With every value that is missing or wrong, not the first alone.
    """
    values: dict[str, str] = {}
    problems = []
    for name, (path, form) in {**SETTINGS, **PLATFORM, "repository": REPOSITORY}.items():
        value: Any = stack
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            problems.append(f"{name}: the output stack.{path} is missing")
        elif not isinstance(value, str) or not form.fullmatch(value):
            problems.append(f"{name}: the output stack.{path} is {value!r}, not of the form {form.pattern}")
        else:
            values[name] = value
    if problems:
        raise SettingsError(
            "\n".join([f"Terraform's outputs of {env} do not do:", *(f"  {problem}" for problem in problems)])
            + f"\n  hint: set worker and platform in environments/{env}/main.tf, then make apply ENV={env}"
        )
    return values


def terraform_stack(env: str) -> dict[str, Any]:
    """The output `stack` of an environment that is applied."""
    command = [str(ROOT / "scripts/terraform"), f"-chdir=environments/{env}", "output", "-no-color", "-json", "stack"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  a script of ours
    if done.returncode:
        raise SettingsError(f"Terraform has no outputs of {env}: {done.stderr.strip()}\n  hint: make apply ENV={env}")
    stack: dict[str, Any] = json.loads(done.stdout)
    return stack


def image_of(folder: Path) -> dict[str, str]:
    """The overlay's entry for the worker's image."""
    images: list[dict[str, str]] = yaml.safe_load((folder / "kustomization.yaml").read_text()).get("images", [])
    found = [entry for entry in images if entry["name"] == NAME]
    if not found:
        raise SettingsError(f"{folder}/kustomization.yaml has no image {NAME}\n  hint: git checkout it")
    return found[0]


def set_image(folder: Path, new: str) -> None:
    """As `kustomize edit` does it, so that people, pipeline and Argo CD write the same."""
    kustomize("edit", "set", "image", f"{NAME}={new}", cwd=folder)


def kustomize(*arguments: str, cwd: Path | None = None) -> str:
    command = [str(TOOL), "kustomize", *arguments]
    done = subprocess.run(command, cwd=cwd or ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  ours
    if done.returncode:
        raise SettingsError(f"kustomize {' '.join(arguments)} failed (above)")
    return done.stdout


def rendered(env: str) -> str:
    """What k8s/datavault.yaml says, made of an overlay."""
    documents = kustomize("build", f"k8s/overlays/{env}").split("\n---\n")
    kinds = [yaml.safe_load(document) for document in documents]
    left_out = ", ".join(kind["kind"] for kind in kinds if kind["apiVersion"] not in BUILT_IN)
    kept = [text for text, kind in zip(documents, kinds, strict=True) if kind["apiVersion"] in BUILT_IN]
    return HEADER.format(env=env, left_out=left_out) + "\n---\n".join(text.rstrip("\n") for text in kept) + "\n"


def rendered_from() -> str:
    """The overlay that k8s/datavault.yaml is made of, by its own first line."""
    found = _FROM.search((ROOT / "k8s" / RENDERED).read_text())
    if not found:
        raise SettingsError(f"k8s/{RENDERED} does not say what it is made of\n  hint: make k8s-render ENV=…")
    return found[1]


def refresh(env: str) -> None:
    """Render again, if it is this overlay that k8s/datavault.yaml is made of."""
    source = rendered_from()
    if source == env:
        render(env)
    else:
        sys.stdout.write(f"  k8s/{RENDERED} stays {source}'s; to change that: make k8s-render ENV={env}\n")


def main() -> None:
    try:
        app()
    except SettingsError as error:
        raise SystemExit(f"k8s: {error}") from error


if __name__ == "__main__":
    main()
