"""`datavault quarantine summary`: how many bad records, why, where and from whom."""

from collections import Counter, defaultdict
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ...stages.replay import key_parts
from ..context import Context, aws_failure
from ..when import moment
from .selection import quarantine_keys, read_all


def summary(
    context: typer.Context,
    dataset: Annotated[
        str | None, typer.Option(help="Only this dataset; `_unknown`: those without a contract.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only raw objects of this day (UTC) or later: 7d, 2026-11-01.")
    ] = None,
) -> None:
    """Count the bad records by dataset, producer's folder, contract version, reason and field."""
    run: Context = context.obj
    records: Counter[tuple[str, str, str, str, str]] = Counter()
    objects: dict[tuple[str, str, str, str, str], set[str]] = defaultdict(set)
    try:
        for key, header, entries in read_all(run, quarantine_keys(run, (), dataset, moment(since))):
            folder = producer_prefix(header.source)
            for entry in entries:
                group = (key_parts(key)[0], folder, header.contract_version, entry.reason.value, entry.field)
                records[group] += 1
                objects[group].add(header.object_id)
    except (ClientError, BotoCoreError) as error:
        raise aws_failure(error) from error
    names = ["dataset", "producer", "contract", "reason", "field"]
    if run.as_json:
        run.print_json(
            [
                dict(zip(names, group, strict=True)) | {"records": count, "objects": len(objects[group])}
                for group, count in records.most_common()
            ]
        )
        return
    rows = [[*group, count, len(objects[group])] for group, count in records.most_common()]
    run.print_table("", [*names, "records", "objects"], rows)
    run.out.print(
        f"{records.total():,} bad records in {len(set().union(*objects.values())):,} objects", highlight=False
    )


def producer_prefix(source: str) -> str:
    """The folders of a key between the dataset's and the object's name: producers sort what they send by them."""
    key = source.removeprefix("s3://").partition("/")[2]
    return "/".join(key.split("/")[1:-1])
