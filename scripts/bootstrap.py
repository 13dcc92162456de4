"""`make bootstrap`: the first minute in an empty account. Deploys environments/bootstrap/bootstrap.yaml.

Shows the changes and asks before it makes them; a second run without a change changes nothing. Afterwards
environments/<env>/backend.hcl says where the environment's Terraform state lies. Credentials come from where AWS's
tools look for them: the environment, a profile.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "environments" / "bootstrap" / "bootstrap.yaml"
# CloudFormation's own words for a change set that holds nothing.
_NOTHING = ("didn't contain changes", "No updates are to be performed")
# No stack; or one that a change set made which nobody executed.
_NOT_THERE = ("", "REVIEW_IN_PROGRESS")
# Stacks that can only be deleted.
_BROKEN = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
_POLL = {"Delay": 2, "MaxAttempts": 300}

err = Console(stderr=True)


def main(  # noqa: PLR0913, PLR0917  the template's parameters
    env: Annotated[str, typer.Option(help="Environment whose backend.hcl is written.")],
    project: Annotated[str, typer.Option(help="First part of all names.")] = "datavault",
    oidc_issuer: Annotated[str | None, typer.Option(help="Host and path of the CI's issuer; '' removes it.")] = None,
    oidc_plan_subject: Annotated[str | None, typer.Option(help="`sub` of the builds that may plan.")] = None,
    oidc_apply_subject: Annotated[str | None, typer.Option(help="`sub` of the builds that may apply.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Make the changes without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outputs as JSON.")] = False,
) -> None:
    """Make the bucket of Terraform's state, its key, and the roles of CI."""
    parameters: dict[str, str | None] = {
        "ProjectName": project,
        "OidcIssuer": oidc_issuer,
        "OidcPlanSubject": oidc_plan_subject,
        "OidcApplySubject": oidc_apply_subject,
    }
    folder = ROOT / "environments" / env
    if env == "local":
        raise SystemExit("the local environment keeps its state in a file; choose an account's: make bootstrap ENV=dev")
    if not (folder / "main.tf").is_file():
        raise SystemExit(f"no environment {env!r}: there is no environments/{env}/main.tf")
    try:
        account = boto3.client("sts").get_caller_identity()["Account"]
        outputs = deploy(f"{project}-bootstrap", parameters, account, ask=not yes)
        block_public_access(account)
    except (BotoCoreError, ClientError) as error:
        hint = "are your credentials an administrator's of that account, and is AWS_DEFAULT_REGION set?"
        raise SystemExit(f"AWS: {error}\n  hint: {hint}") from error
    write_backend(folder / "backend.hcl", outputs)
    if as_json:
        sys.stdout.write(json.dumps(outputs, indent=2) + "\n")
    else:
        _print(["output", "value"], [[name, value] for name, value in outputs.items()], Console())
        err.print(f"wrote environments/{env}/backend.hcl; next: make plan ENV={env} AWS=1", highlight=False)


def deploy(stack: str, parameters: dict[str, str | None], account: str, *, ask: bool) -> dict[str, str]:
    """Bring the stack to the template and return its outputs by name. Nothing is made before a yes.

    A parameter that is None keeps its value: who leaves out the issuer does not lose the roles of CI.
    """
    api = boto3.client("cloudformation")
    status = _status(api, stack)
    if status in _BROKEN:
        hint = f"look why, then delete it: aws cloudformation delete-stack --stack-name {stack}"
        raise SystemExit(f"{stack} is {status} since an earlier attempt: {_first_failure(api, stack)}\n  hint: {hint}")
    is_new = status in _NOT_THERE
    change_set = api.create_change_set(
        StackName=stack,
        ChangeSetName=f"bootstrap-{int(time.time())}",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            if value is not None
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name, value in parameters.items()
            if value is not None or not is_new
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )["Id"]
    try:
        api.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set, WaiterConfig=_POLL)
    except WaiterError as error:
        reason = api.describe_change_set(ChangeSetName=change_set).get("StatusReason", "")
        if not any(words in reason for words in _NOTHING):
            raise SystemExit(f"CloudFormation refuses the change: {reason}") from error
        api.delete_change_set(ChangeSetName=change_set)
        err.print(f"{stack} in account {account}: no changes")
        return _outputs(api, stack)
    changes = [change["ResourceChange"] for change in api.describe_change_set(ChangeSetName=change_set)["Changes"]]
    err.print(f"{stack} in account {account}, {api.meta.region_name}:", highlight=False)
    rows = [[change["Action"], change["LogicalResourceId"], change["ResourceType"]] for change in changes]
    _print(["change", "resource", "type"], rows, err)
    if ask and not typer.confirm("Make these changes?", err=True):
        api.delete_change_set(ChangeSetName=change_set)
        if is_new:
            api.delete_stack(StackName=stack)  # a stack that holds nothing but the change set
        raise SystemExit("nothing was changed")
    api.execute_change_set(ChangeSetName=change_set)
    try:
        with err.status("CloudFormation works; a key and two buckets take about a minute …"):
            waiter = api.get_waiter("stack_create_complete" if is_new else "stack_update_complete")
            waiter.wait(StackName=stack, WaiterConfig=_POLL)
    except WaiterError as error:
        raise SystemExit(f"CloudFormation failed: {_first_failure(api, stack)}") from error
    return _outputs(api, stack)


def block_public_access(account: str) -> None:
    """No bucket of the account can be made public, whoever asks for it (Security Hub S3.1)."""
    boto3.client("s3control").put_public_access_block(
        AccountId=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def write_backend(path: Path, outputs: dict[str, str]) -> None:
    """What the account decides of the S3 backend's configuration; `terraform init -backend-config` takes it."""
    lines = {"bucket": outputs["StateBucket"], "kms_key_id": outputs["StateKeyArn"]}
    lines["region"] = outputs["StateKeyArn"].split(":")[3]
    path.write_text("".join(f"{name:<10} = {json.dumps(value)}\n" for name, value in lines.items()))


def _status(api: Any, stack: str) -> str:
    try:
        return str(api.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # "Stack with id … does not exist"
            return ""
        raise


def _outputs(api: Any, stack: str) -> dict[str, str]:
    found = api.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def _first_failure(api: Any, stack: str) -> str:
    events = api.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    last = failed[-1] if failed else events[0]  # newest first
    return f"{last['LogicalResourceId']}: {last.get('ResourceStatusReason', last['ResourceStatus'])}"


def _print(columns: list[str], rows: list[list[str]], console: Console) -> None:
    table = Table(*columns, header_style="bold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
