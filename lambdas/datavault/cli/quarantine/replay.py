"""`datavault quarantine replay`: what would pass now; with --apply, send it again."""

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import Progress

from ...contract import Contract
from ...identity import UNKNOWN_DATASET
from ...quarantine import QuarantineEntry
from ...replay import Judged, taken
from ...stages.replay import Buckets, Prepared, ReplayError, Sent, Source, apply, finish, is_sent, prepare, read_source
from ..context import Context, Failure, aws_failure, printable
from ..local_contracts import local_contract
from ..when import moment
from .forms import Form, form_of_receipt
from .selection import quarantine_keys


class Result(msgspec.Struct):
    """What replay did, or would do, for one raw object. Counts are of bad records."""

    object_id: str
    key: str
    dataset: str
    target: str = ""
    replayed_before: int = 0
    passes: int = 0
    fails: int = 0
    cannot: int = 0
    whole: bool = False
    whole_valid: int = 0
    whole_reasons: dict[str, int] = {}
    sent: list[str] = []
    unfinished: list[str] = []
    error: str = ""


class Group(msgspec.Struct):
    """Records with one reason and one outcome."""

    reason: str
    field: str
    outcome: str
    records: int = 0
    example: str = ""


def replay(  # noqa: PLR0913, PLR0917  a command's options are its parameters
    context: typer.Context,
    object_ids: Annotated[list[str] | None, typer.Argument(help="Object ids, or their beginnings.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Every object of this dataset; `_unknown`: without one.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only records with this reason code.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only raw objects of this day (UTC) or later: 7d, 2026-11-01.")
    ] = None,
    as_dataset: Annotated[
        str | None, typer.Option("--as", help="Objects of no known dataset: send them to this one.")
    ] = None,
    do_apply: Annotated[bool, typer.Option("--apply", help="Send what passes. Without it nothing is written.")] = False,
    reveal: Annotated[bool, typer.Option(help="Show examples with their values: they may hold personal data.")] = False,
) -> None:
    """Judge bad records by the contracts of this checkout, and send those that pass now once more, each only once."""
    run: Context = context.obj
    if not object_ids and not dataset:
        raise Failure("which records?", "name object ids (`datavault quarantine list`) or --dataset")
    if as_dataset and as_dataset not in run.stack.datasets:
        known = ", ".join(run.stack.datasets)
        raise Failure(f"no contract describes the dataset {as_dataset!r}", f"datasets here: {known}")
    results: list[Result] = []
    groups: dict[tuple[str, str, str], Group] = {}

    def is_wanted(entry: QuarantineEntry) -> bool:
        return reason in (None, entry.reason.value)

    try:
        names = quarantine_keys(run, object_ids or [], dataset, moment(since))
        with Progress(console=run.err, disable=run.as_json, transient=True) as progress:
            for name in progress.track(names, description="judging"):
                work = _Replay(run, as_dataset, do_apply)
                results.append(work.run(name, is_wanted))
                if work.prepared:
                    _count(groups, work.prepared, work.form(reveal), reveal)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    results = [result for result in results if _is_news(result)]
    if run.as_json:
        run.print_json({"applied": do_apply, "outcomes": list(groups.values()), "objects": results})
    else:
        _print(run, results, list(groups.values()), do_apply)
    if any(result.error for result in results):
        raise typer.Exit(1)


class _Replay:
    """The work on one quarantine object."""

    def __init__(self, run: Context, as_dataset: str | None, do_apply: bool) -> None:
        self._run, self._as_dataset, self._apply = run, as_dataset, do_apply
        stack = run.stack
        self._buckets = Buckets(stack.raw_bucket, stack.processed_bucket, stack.quarantine_bucket)
        self.prepared: Prepared | None = None

    def run(self, name: str, is_wanted: Callable[[QuarantineEntry], bool]) -> Result:
        result = Result("", name, "")
        try:
            source = read_source(self._buckets, name)
            result = Result(source.raw.id, source.raw.key, source.dataset, replayed_before=len(taken(source.plans)))
            self._finish(source, result)
            target = self._target(source)
            result.target = target.dataset
            prepared = self.prepared = prepare(source, target, is_wanted)
            result.passes = sum(one.passes for one in prepared.judged)
            result.cannot = sum(bool(one.obstacle) for one in prepared.judged)
            result.fails = len(prepared.judged) - result.passes - result.cannot
            if prepared.whole:
                result.whole, result.whole_valid = True, prepared.whole.valid
                result.whole_reasons = prepared.whole.reasons
            if self._apply and prepared.plan:
                if apply(self._buckets, prepared, target.tags) is Sent.SENT:
                    result.sent.append(prepared.plan.raw_key)
                else:
                    result.error = "somebody else sent the same records at this moment; nothing was sent twice"
        except ReplayError as error:
            result.error = str(error)
        return result

    def form(self, reveal: bool) -> Form:
        """How to show examples of the object's records. The header of a CSV file is not needed to reveal them."""
        return Form(None) if reveal or not self.prepared else form_of_receipt(self.prepared.source.receipt)

    def _finish(self, source: Source, result: Result) -> None:
        """Plans whose object was never put: a run was cut off between the two."""
        for plan in source.plans:
            if is_sent(self._buckets, plan):
                continue
            if not self._apply:
                result.unfinished.append(plan.raw_key)
                continue
            finish(self._buckets, source, plan, local_contract(plan.target))
            result.sent.append(plan.raw_key)

    def _target(self, source: Source) -> Contract:
        if source.dataset != UNKNOWN_DATASET:
            if self._as_dataset:
                raise ReplayError("--as is for objects of no known dataset: this one had a contract")
            name = source.dataset
        else:
            name = self._as_dataset or source.header.dataset
        contract = local_contract(name)
        if contract is None:
            raise ReplayError(f"no contract in this checkout describes {name!r}; `--as DATASET` sends it to another")
        if name not in self._run.stack.datasets:
            raise ReplayError(f"the contract of {name!r} is not deployed in {self._run.env} yet: apply it first")
        return contract


def _is_news(result: Result) -> bool:
    return bool(result.passes or result.fails or result.cannot or result.sent or result.unfinished or result.error)


def _count(groups: dict[tuple[str, str, str], Group], prepared: Prepared, form: Form, reveal: bool) -> None:
    for one in prepared.judged:
        outcome = _outcome(one)
        entry = one.entry
        key = (entry.reason.value, entry.field, outcome)
        if key not in groups:
            groups[key] = Group(*key, example=printable(form.show(entry, one.original, reveal=reveal)))
        groups[key].records += 1


def _outcome(one: Judged) -> str:
    if one.obstacle:
        return f"cannot: {one.obstacle}"
    return f"{one.reason.value} {one.field}".strip() if one.reason else "passes"


def _print(run: Context, results: Sequence[Result], groups: Sequence[Group], is_applied: bool) -> None:
    if groups:
        columns = ["reason", "field", "would be now", "records", "for example"]
        run.print_table("", columns, [[g.reason, g.field, g.outcome, g.records, g.example] for g in groups])
        names = ["object id", "object", "to", "replayed before", "passes", "fails", "cannot"]
        rows = [
            [r.object_id, r.key, r.target, r.replayed_before, r.passes, r.fails, r.cannot]
            for r in results
            if r.passes or r.fails or r.cannot
        ]
        run.print_table("", names, rows)
    for result in results:
        if result.whole:
            reasons = ", ".join(f"{count:,} {name}" for name, count in result.whole_reasons.items())
            found = f"{result.whole_valid:,} valid records, {reasons or 'none bad'}"
            run.out.print(f"{printable(result.key)}, sent whole: {found}", highlight=False, markup=False)
        for key in result.sent:
            run.out.print(f"sent {printable(key)}", highlight=False, markup=False, soft_wrap=True)
        for key in result.unfinished:
            message = f"{printable(key)} was planned and not sent: --apply finishes it"
            run.out.print(message, highlight=False, markup=False, soft_wrap=True)
        if result.error:
            message = f"{printable(result.key)}: {printable(result.error)}"
            run.err.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    passing = sum(result.passes for result in results)
    if is_applied and results:
        done = sum(len(result.sent) for result in results)
        run.out.print(f"sent {done:,} objects; `datavault audit` follows them", highlight=False)
    elif not results:
        run.out.print("nothing to replay: no record matches, or each has its second life already", highlight=False)
    elif passing:
        run.out.print(f"{passing:,} records would pass; nothing was sent: --apply sends them", highlight=False)
    else:
        run.out.print("no record would pass", highlight=False)
