"""`datavault masking`: the keys of masked columns: which there are, one more, and a value's tokens."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError

from ..edges.clients import client
from ..masking import MaskingKeys, token
from .context import Context, Failure, aws_failure
from .local_contracts import local_contract
from .when import moment

app = typer.Typer(no_args_is_help=True, help="Keys of masked columns: list them, add one, find a value's tokens.")

# Functions look for new keys every five minutes (stages/enrichment.py); an hour leaves room for clocks and for a person
# who changes his mind.
_AHEAD = timedelta(hours=1)
_KEY_LETTERS = 64  # as modules/keyring makes the first


@app.command("keys")
def list_keys(context: typer.Context) -> None:
    """Show which keys there are, and from when each is in force; never the keys themselves."""
    run: Context = context.obj
    _, keys = _read(run)
    _show(run, keys)


@app.command()
def rotate(
    context: typer.Context,
    at: Annotated[str | None, typer.Option(help="When it begins, e.g. 2027-01-01 (UTC); else in an hour.")] = None,
) -> None:
    """Add a key for objects from then on. Earlier tokens stay as they are; tokens of different keys do not join."""
    run: Context = context.obj
    now = datetime.now(UTC)
    since = moment(at) or (now + _AHEAD).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if since < now + _AHEAD:
        raise Failure(f"{since.isoformat()} is too soon", "an hour ahead at least: functions must know the key before")
    for dataset in run.stack.datasets:
        _check_joins(dataset)
    version, keys = _read(run)
    try:
        rotated = keys.rotated(_random(), since)
        _write(run, version, rotated)
    except ValueError as error:
        raise Failure(str(error), "`datavault masking keys` shows them; choose a later time") from error
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    _show(run, rotated)


@app.command()
def tokens(context: typer.Context) -> None:
    """Show the tokens of a value (asked for, or read from a pipe), one for each key: to find a person's rows."""
    run: Context = context.obj
    _, keys = _read(run)
    value = typer.prompt("value", hide_input=True, err=True)
    found = {name: token(keys, name, value) for name in keys.keys}
    if run.as_json:
        run.print_json({"tokens": found})
    else:
        for line in found.values():
            run.out.print(line, highlight=False, soft_wrap=True)


def _read(run: Context) -> tuple[str, MaskingKeys]:
    try:
        secret = client("secretsmanager").get_secret_value(SecretId=run.stack.masking_secret_arn)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    try:
        return secret["VersionId"], msgspec.json.decode(secret["SecretString"], type=MaskingKeys)
    except msgspec.DecodeError as error:
        # Its words may quote the secret.
        place = f"the secret {run.stack.masking_secret_arn}"
        raise Failure(f"{place} is not of the form that DataVault writes", "was it changed by hand?") from error


def _check_joins(dataset: str) -> None:
    contract = local_contract(dataset)
    if contract is None or contract.load_mode != "merge":
        return
    masked = {column.name for column in contract.columns if column.mask} & set(contract.primary_key)
    if masked:
        hint = "a row that comes again would get another key and live twice; release a dataset with another key"
        raise Failure(f"{dataset} merges by a masked column: {', '.join(sorted(masked))}", hint)


def _random() -> str:
    made = client("secretsmanager").get_random_password(PasswordLength=_KEY_LETTERS, ExcludePunctuation=True)
    return str(made["RandomPassword"])


def _write(run: Context, version: str, keys: MaskingKeys) -> None:
    """Of two people who rotate at once the second would drop the other's key: he looks before and after."""
    secrets, secret = client("secretsmanager"), run.stack.masking_secret_arn
    if _read(run)[0] != version:
        raise Failure("somebody else has just changed the keys", "look at `datavault masking keys`")
    made = secrets.put_secret_value(SecretId=secret, SecretString=msgspec.json.encode(keys).decode())["VersionId"]
    stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    if "AWSCURRENT" not in stages.get(made, []) or "AWSPREVIOUS" not in stages.get(version, []):
        hint = "the keys of both lie in the secret's last versions; put one together before the first begins"
        raise Failure("somebody else changed the keys at the same moment", hint, 1)


def _show(run: Context, keys: MaskingKeys) -> None:
    rows = [[name, keys.since.get(name)] for name in keys.keys]
    if run.as_json:
        run.print_json({"keys": [{"id": name, "since": since} for name, since in rows]})
        return
    now = keys.id_at(datetime.now(UTC))
    shown = [[name, since or "the beginning", "in force" if name == now else ""] for name, since in rows]
    run.print_table("", ["key", "for objects since", ""], shown)
