"""`make plan-file`, `make deploy`, `make rollback`: make a plan, apply that very plan, bring the functions back.

A plan file holds values that Terraform knows to be sensitive, in clear. It is kept where the state is kept, which holds
the same: in the bucket of the state, under its hash (docs/decisions/0045-deploying.md). What may be shown lies beside
it: build/plans/ENV.txt, ENV.json (addresses and actions, no values) and ENV.sha256 (of the plan and of its zips).
"""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from datavault.cli.context import Context, Failure, aws_failure, point_clients_at
from datavault.cli.rollout import ALIAS, ORDER, Change, move, stop
from datavault.edges.clients import client

ROOT = Path(__file__).resolve().parents[1]
_NO_CHANGES, _CHANGES = 0, 2  # what `plan -detailed-exitcode` ends with
_LOCK = "-lock-timeout=10m"  # a nightly plan of the same environment takes less
_STALE = "Saved plan is stale"

app = typer.Typer(add_completion=False, help=__doc__)
Env = Annotated[str, typer.Argument(help="A folder under environments/.")]


@dataclass(frozen=True)
class Saved:
    """The files of one environment's plan."""

    env: str

    def file(self, suffix: str) -> Path:
        return ROOT / "build" / "plans" / f"{self.env}.{suffix}"

    @property
    def plan(self) -> Path:
        return self.file("tfplan")

    @property
    def before(self) -> Path:
        """Which version of each function was released before this plan was applied."""
        return self.file("before.json")

    def write_hashes(self) -> str:
        """Note the bytes of the plan and of the zips that it brings; the plan's hash."""
        files = [self.plan, *sorted((ROOT / "build").glob("*.zip"))]
        hashes = {file.relative_to(ROOT).as_posix(): sha256(file) for file in files}
        self.file("sha256").write_text("".join(f"{digest}  {name}\n" for name, digest in hashes.items()))
        return hashes[files[0].relative_to(ROOT).as_posix()]

    def hashes(self) -> dict[str, str]:
        """Hash by file, as they were written.

        Raises
        ------
        Failure
            There is no plan.
        """
        if not self.file("sha256").is_file():
            raise Failure(f"there is no plan of {self.env}", f"make plan-file ENV={self.env}, and read it")
        pairs = (line.split("  ", 1) for line in self.file("sha256").read_text().splitlines())
        return {name: digest for digest, name in pairs}

    def check(self) -> None:
        """The very bytes that were planned are here.

        Raises
        ------
        Failure
            A file is missing or another one.
        """
        for name, digest in self.hashes().items():
            path = ROOT / name
            if not path.is_file() or sha256(path) != digest:
                hint = (
                    f"check out the commit of the plan and `make package`, or plan again: make plan-file ENV={self.env}"
                )
                raise Failure(f"{name} is not the one that was planned with", hint)


def sha256(file: Path) -> str:
    with file.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()


def terraform(env: str, *arguments: str | Path, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Its words are shown as they come; the errors are also returned."""
    command = [str(ROOT / "scripts/terraform"), f"-chdir={ROOT / 'environments' / env}", *map(str, arguments)]
    done = subprocess.run(  # noqa: S603  a script of ours
        command, stdout=subprocess.PIPE if quiet else None, stderr=subprocess.PIPE, text=True, check=False
    )
    sys.stderr.write(done.stderr)
    return done


def answer(env: str, *arguments: str | Path) -> str:
    """What Terraform says for a program to read.

    Raises
    ------
    Failure
        It cannot.
    """
    done = terraform(env, *arguments, quiet=True)
    if done.returncode:
        raise Failure(f"terraform {arguments[0]} failed in {env} (above)", code=1)
    return done.stdout


@app.command("plan")
def plan(env: Env) -> None:
    """Plan into a file, and write what a person reads before it is applied."""
    saved = Saved(env)
    saved.plan.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("tfplan", "sha256", "txt", "json", "before.json"):  # of another deployment
        saved.file(suffix).unlink(missing_ok=True)
    wanted = ("plan", "-input=false", "-no-color", _LOCK, "-detailed-exitcode", f"-out={saved.plan}")
    if terraform(env, *wanted).returncode not in {_NO_CHANGES, _CHANGES}:
        raise Failure(f"Terraform cannot plan {env} (above)", code=1)
    saved.file("txt").write_text(answer(env, "show", "-no-color", saved.plan))
    found = changes(json.loads(answer(env, "show", "-json", saved.plan)))
    saved.file("json").write_text(json.dumps(found, indent=1) + "\n")
    digest = saved.write_hashes()
    if bucket := state_bucket(env):
        bucket.upload_file(str(saved.plan), plan_key(env, digest))
    lost = [
        f"  {change['address']}: {'/'.join(change['actions'])}" for change in found if "delete" in change["actions"]
    ]
    if lost:
        typer.echo("\n".join(["DESTROYS:", *lost]))
    typer.echo(
        f"{env}: {len(found)} changes, plan {digest[:12]}; read build/plans/{env}.txt, then make deploy ENV={env}"
    )


def changes(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """What a plan would change: addresses and actions, no values."""
    return [
        {"address": change["address"], "actions": change["change"]["actions"]}
        for change in shown.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    ]


def state_bucket(env: str) -> Any | None:
    """The bucket of the environment's state, or None where it lies in a file."""
    settings = ROOT / "environments" / env / "backend.hcl"
    if env == "local" or not settings.is_file():
        return None
    values = dict(re.findall(r'^\s*(\w+)\s*=\s*"([^"]*)"', settings.read_text(), re.MULTILINE))
    return boto3.resource("s3", region_name=values["region"]).Bucket(values["bucket"])


def plan_key(env: str, digest: str) -> str:
    return f"plans/{env}/{digest}.tfplan"


@app.command("apply")
def apply(env: Env) -> None:
    """Apply the plan that was made and read, and no other."""
    saved = Saved(env)
    name, digest = next(iter(saved.hashes().items()))
    if not saved.plan.is_file() and (bucket := state_bucket(env)):
        bucket.download_file(plan_key(env, digest), str(ROOT / name))
    saved.check()
    if not saved.before.is_file():  # an attempt that was cut off noted it before it changed anything
        write_before(saved)
    done = terraform(env, "apply", "-input=false", "-no-color", _LOCK, saved.plan)
    if _STALE in done.stderr:
        hint = f"read a new one: make plan-file ENV={env}; this one will never be applied"
        raise Failure(f"{env} was changed since it was planned, by another apply", hint, 1)
    if done.returncode:
        raise Failure(
            f"Terraform could not apply all of it to {env} (above)",
            f"a new plan shows what is left: make plan-file ENV={env}; functions go back by make rollback ENV={env}",
            1,
        )
    typer.echo(f"{env}: applied plan {digest[:12]}")


def write_before(saved: Saved) -> None:
    """Note which version of each function is released before anything changes."""
    # Not `Context.stack`: what is deployed may be of a version with other outputs, or nothing at all.
    stack = json.loads(answer(saved.env, "output", "-json")).get("stack", {}).get("value") or {}
    functions = stack.get("functions", {})
    if functions:
        point_clients_at(stack["region"], stack.get("endpoint_url"))
    before = {stage: released(functions[stage]) for stage in ORDER if stage in functions}
    saved.before.write_text(json.dumps(before, indent=1) + "\n")


def released(function: str) -> str:
    return str(client("lambda").get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"])


@app.command("rollback")
def rollback(
    env: Env,
    before: Annotated[
        Path | None, typer.Argument(help="ENV.before.json of a deployment; default: the last one's.")
    ] = None,
) -> None:
    """Bring each function back to the version that was released before the last deployment. Writers before readers."""
    file = before or Saved(env).before
    if not file.is_file():
        raise Failure(
            f"{file} is missing: it says what was released before", "Jenkins archives it with each deployment"
        )
    versions: dict[str, str] = json.loads(file.read_text())
    if not versions:
        typer.echo(f"{env}: nothing was released before that deployment, so there is nothing to go back to")
        return
    run = Context(env, as_json=False)
    moved = list(back(run, versions))
    rows = [[change.stage, change.current, change.target, change.status, change.reason] for change in moved]
    if not rows:
        typer.echo(f"{env}: every function is at the version of before; roles, queues and tables stay as they are")
        return
    run.print_table("", ["function", "from version", "back to", "status", "why"], rows)
    if any(change.status != "Succeeded" for change in moved):
        raise Failure(f"{env} is not back at the versions of before", "docs/operations/releases.md", 1)


def back(run: Context, versions: dict[str, str]) -> Iterable[Change]:
    application = run.stack.rollout_application
    for stage in reversed(ORDER):
        function = run.stack.functions[stage]
        if application:
            stop(application, stage)
        current, target = released(function), versions.get(stage)
        if target is None or current == target:
            continue
        change = Change(stage, function, current, target)
        if application:
            move(run, application, change, at_once=True, despite_alarms=True)
        else:
            client("lambda").update_alias(
                FunctionName=function,
                Name=ALIAS,
                FunctionVersion=target,
                RoutingConfig={"AdditionalVersionWeights": {}},
            )
            change.status = "Succeeded"
        yield change


def guarded(run: Callable[[], None]) -> None:
    """A person sees what to do, never a traceback."""
    try:
        run()
    except Failure as failure:
        typer.secho(str(failure), err=True, fg="red")
        raise SystemExit(failure.code) from None
    except (ClientError, BotoCoreError) as error:
        typer.secho(str(aws_failure(error)), err=True, fg="red")
        raise SystemExit(2) from None


if __name__ == "__main__":
    guarded(app)
