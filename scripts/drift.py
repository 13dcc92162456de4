"""`make drift`: what somebody changed past Terraform. Writes build/drift/ENV.json; exit code 1 where anything differs.

Plans, and changes nothing. Drift is what differs from Terraform's memory and would be set back by an apply. What
Terraform is told to leave alone (an alias that CodeDeploy moves) is not, nor a commit that nobody has applied yet.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from scripts.deploy import answer, guarded, terraform

from datavault.cli.context import Failure

ROOT = Path(__file__).resolve().parents[1]
_SHOWN = 200  # characters of a value; a policy is longer than a line


def main(env: Annotated[str, typer.Argument(help="A folder under environments/.")]) -> None:
    """Compare what is there with what the last apply left."""
    folder = ROOT / "build" / "drift"
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / f"{env}.tfplan"
    try:
        done = terraform(
            env,
            "plan",
            "-input=false",
            "-no-color",
            "-lock-timeout=10m",
            "-detailed-exitcode",
            f"-out={plan}",
            quiet=True,
        )
        if done.returncode not in {0, 2}:
            raise Failure(f"Terraform cannot plan {env} (above)", code=1)
        shown = json.loads(answer(env, "show", "-json", plan))
    finally:
        plan.unlink(missing_ok=True)  # it holds values in clear, and nobody will apply it
    found = drift(shown)
    (folder / f"{env}.json").write_text(json.dumps({"environment": env, "drift": found}, indent=1) + "\n")
    if not found:
        typer.echo(f"{env}: no drift")
        return
    for resource in found:
        typer.echo(f"{resource['address']}: {resource['what']}")
        for name, (before, after) in resource["attributes"].items():
            typer.echo(f"  {name}: {before} → {after}")
    hint = f"read it, then set it back (make plan-file ENV={env}, make deploy ENV={env}) or write it into the code"
    raise Failure(f"{env}: {len(found)} resources were changed past Terraform; build/drift/{env}.json", hint, 1)


def drift(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources that differ from Terraform's memory and that an apply would change back; no sensitive value."""
    mended = {
        change["address"] for change in shown.get("resource_changes", []) if change["change"]["actions"] != ["no-op"]
    }
    return [
        {
            "address": resource["address"],
            "what": "deleted" if resource["change"]["actions"] == ["delete"] else "changed",
            "attributes": _differences(resource["change"]) if resource["change"]["after"] is not None else {},
        }
        for resource in shown.get("resource_drift", [])
        if resource["address"] in mended
    ]


def _differences(change: dict[str, Any]) -> dict[str, tuple[str, str]]:
    before, after = change["before"] or {}, change["after"] or {}
    hidden = [sides for name in ("before_sensitive", "after_sensitive") if isinstance(sides := change.get(name), dict)]
    return {
        name: ("(sensitive)", "(sensitive)")
        if any(sides.get(name) for sides in hidden)
        else (_short(before.get(name)), _short(after.get(name)))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


if __name__ == "__main__":
    guarded(lambda: typer.run(main))
    sys.exit()
