"""`datavault contract`: check and show contracts. Works on the files; only `test` needs a deployed stack."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..authoring.check import RELEASED_FILE, check_folder
from ..authoring.odcs import CONTRACT_FILE, compile_contract
from ..authoring.problems import ContractError
from ..contract import Contract, Field, Move
from ..warehouse_sql import ledger_migration, migration
from . import trial
from .context import ROOT, Context, Failure

app = typer.Typer(help="Check and show data contracts.", no_args_is_help=True)
app.command("test")(trial.try_contract)

_FOLDER = typer.Option("--contracts", help="The folder with one folder per dataset.")


@app.command("check")
def check(
    context: typer.Context,
    datasets: Annotated[list[str] | None, typer.Argument(help="Default: every dataset.")] = None,
    contracts: Annotated[Path, _FOLDER] = ROOT / "contracts",
) -> None:
    """Validate contracts against the standard, type-check enrich.sql, compare with the released version."""
    run: Context = context.obj
    problems = []
    folders = _folders(contracts, datasets)
    for folder in folders:
        try:
            contract = check_folder(folder)
            if not run.as_json:
                counts = f"{len(contract.fields)} fields, {len(contract.columns)} columns"
                run.out.print(
                    f"{contract.dataset} {contract.version}: ok ({counts}, {contract.classification})", highlight=False
                )
        except ContractError as error:
            problems += error.problems
    if run.as_json:
        run.print_json({"ok": not problems, "problems": problems})
    for problem in problems if not run.as_json else []:
        run.err.print(str(problem), style="red", highlight=False, markup=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


@app.command("show")
def show(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="A folder under contracts/.")],
    sql: Annotated[bool, typer.Option("--sql", help="Print the warehouse's DDL instead.")] = False,
    contracts: Annotated[Path, _FOLDER] = ROOT / "contracts",
) -> None:
    """Show what a contract means: fields, columns, masking, limits."""
    run: Context = context.obj
    (folder,) = _folders(contracts, [dataset])
    try:
        contract = compile_contract(folder)
    except ContractError as error:
        raise Failure(str(error), code=1) from error
    if sql:
        run.out.print(";\n".join([*ledger_migration(), *migration(contract, {})]) + ";", highlight=False, markup=False)
    elif run.as_json:
        run.print_json(contract)
    else:
        _print(run, contract)


@app.command("release")
def release(
    context: typer.Context,
    datasets: Annotated[list[str] | None, typer.Argument(help="Default: every dataset.")] = None,
    contracts: Annotated[Path, _FOLDER] = ROOT / "contracts",
) -> None:
    """Record contracts as released: later checks refuse what breaks them. Commit the file that this writes."""
    run: Context = context.obj
    for folder in _folders(contracts, datasets):
        try:
            contract = check_folder(folder)
        except ContractError as error:
            raise Failure(str(error), code=1) from error
        body = msgspec.json.format(msgspec.json.encode(contract), indent=1) + b"\n"
        (folder / RELEASED_FILE).write_bytes(body)
        run.out.print(f"{contract.dataset} {contract.version}: released", highlight=False)


def _folders(contracts: Path, datasets: list[str] | None) -> list[Path]:
    known = sorted(path.parent.name for path in contracts.glob(f"*/{CONTRACT_FILE}"))
    if unknown := sorted(set(datasets or []) - set(known)):
        raise Failure(f"no contract for {', '.join(unknown)} in {contracts}", f"there are: {', '.join(known)}")
    return [contracts / name for name in datasets or known]


def _print(run: Context, contract: Contract) -> None:
    run.out.print(f"{contract.dataset} {contract.version}: {contract.description}", highlight=False)
    rows = [[field.name, _kind(field), "yes" if field.required else "", _rules(field)] for field in contract.fields]
    run.print_table("What producers send", ["field", "type", "required", "rules"], rows)
    columns = [
        [
            column.name,
            column.warehouse_type,
            "yes" if column.field.required else "",
            column.classification,
            "hmac" if column.mask else "",
        ]
        for column in contract.columns
    ]
    run.print_table("What consumers read", ["column", "type", "required", "classification", "mask"], columns)
    run.out.print(
        f"load mode {contract.load_mode}, primary key ({', '.join(contract.primary_key)}), unknown fields: "
        f"{contract.unknown_fields}, fresh within {contract.freshness_seconds} s",
        highlight=False,
    )
    raw_kept = _days(contract.raw_retention_days, "as the environment says")
    kept = _days(contract.retention_days, "for ever")
    rows = [
        ["raw objects, quarantined records", contract.raw_classification, raw_kept, _moves(contract.raw_moves)],
        ["Parquet objects", contract.classification, kept, _moves(contract.moves)],
    ]
    run.print_table("How it is kept", ["what", "classification", "kept", "moves to"], rows)


def _days(days: int | None, otherwise: str) -> str:
    return otherwise if days is None else f"{days} days"


def _moves(moves: tuple[Move, ...] | None) -> str:
    if moves is None:
        return "as the stack says"
    return ", ".join(f"{move.storage_class} after {move.days} days" for move in moves) or "nowhere"


def _kind(field: Field) -> str:
    match field.type:
        case "decimal":
            return f"decimal({field.precision},{field.scale})"
        case "array":
            return f"array of {_kind(field.items)}" if field.items else "array"
        case "object":
            return "{" + ", ".join(f"{member.name}: {_kind(member)}" for member in field.fields) + "}"
    return field.type


def _rules(field: Field) -> str:
    rules = {
        "≥": field.minimum, "≤": field.maximum, ">": field.exclusive_minimum, "<": field.exclusive_maximum,
        "length ≥": field.min_length, "length ≤": field.max_length, "pattern": field.pattern,
        "one of": ", ".join(map(str, field.enum)) or None,
    }  # fmt: skip
    return "; ".join(f"{name} {value}" for name, value in rules.items() if value is not None)
