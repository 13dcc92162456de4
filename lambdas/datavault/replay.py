"""Replay: send bad records again, each at most once. Pure.

The judge is the processor's own core, run over the very file that would be sent. What was sent is said by plans, which
are written before anything is sent and never changed: a line that is in a plan has its second life, or gets it by
carrying that plan out. A line is therefore never taken twice, whoever crashes and whoever repeats.
"""

import csv
import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import PurePosixPath

import msgspec

from . import quarantine
from .contract import Contract
from .identity import RawObject, replay_raw_key
from .process import Processing
from .quarantine import QuarantineEntry
from .reasons import Reason
from .records import Runs

# S3's limit for one put (S3 User Guide, Uploading objects).
MAX_PUT_BYTES = 5 * 1024**3
ORIGIN_METADATA = "replay-of"  # of a replayed raw object: the id of the object whose records it holds

_JUDGED_AT = datetime(1970, 1, 1, tzinfo=UTC)  # no outcome depends on it
_BOM = b"\xef\xbb\xbf"
_LINES_SUFFIX = {"ndjson": ".ndjson", "json": ".json", "csv": ".csv"}


class ReplayPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which bad records of one raw object are sent again, as which object. Written once, before that object.

    `dataset` is where the source lies in quarantine, `target` where its records are sent. `contract_version` is the
    version that judged them. `whole` says that the source is sent again as it is; otherwise `lines` are those of the
    source, ascending, and line n of the new object holds the n-th of them (behind the header of a CSV file).
    """

    object_id: str
    dataset: str
    source_key: str
    version_id: str
    target: str
    contract_version: str
    number: int
    raw_key: str
    format: str
    lines: Runs
    sha256: str
    whole: bool = False

    @property
    def records(self) -> int:
        """How many bad records of the source this plan takes."""
        return sum(count for _, count in self.lines)

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def decode(data: bytes) -> ReplayPlan:
    return msgspec.json.decode(data, type=ReplayPlan)


class Judged(msgspec.Struct, frozen=True):
    """A quarantined record and what would become of it now.

    `reason` and `field` say why it would be refused, `obstacle` why it cannot even be sent; with neither it passes.
    `original` is whole where it could be read again.
    """

    entry: QuarantineEntry
    original: bytes
    reason: Reason | None = None
    field: str = ""
    obstacle: str = ""

    @property
    def passes(self) -> bool:
        return self.reason is None and not self.obstacle


# Why a record cannot be sent again, for a person.
DAMAGED = "everything from this line on could not be told apart: ask for the object again, whole"
NOT_FOUND = "its original is longer than what quarantine keeps, and cannot be read again from the raw object"
UNSTABLE = "it changes how its neighbours are read: export it, mend it and send it as a new object"
RAW_GONE = "the raw object's version is gone"
TOO_BIG = (
    "over 5 GB, the limit of one put: copy it under the dataset's folder with `aws s3 cp`, which sends it as a new "
    "object; audit then does not follow it"
)


def taken(plans: Iterable[ReplayPlan]) -> set[int]:
    """The lines of a source that have a second life, or will have one when their plan is carried out."""
    return {line for plan in plans for line in lines_of(plan.lines)}


def open_entries(entries: Iterable[QuarantineEntry], plans: Iterable[ReplayPlan]) -> list[QuarantineEntry]:
    """The bad records that no plan has taken."""
    gone = taken(plans)
    return [entry for entry in entries if entry.line not in gone]


def next_number(plans: Iterable[ReplayPlan]) -> int:
    """The number that the next plan of a source has to win."""
    return max((plan.number for plan in plans), default=0) + 1


def lines_of(runs: Runs) -> list[int]:
    return [start + offset for start, count in runs for offset in range(count)]


def runs_of(lines: Iterable[int]) -> Runs:
    """Ascending lines as runs."""
    runs: Runs = []
    for line in lines:
        if runs and sum(runs[-1]) == line:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((line, 1))
    return runs


def is_whole(entries: Sequence[QuarantineEntry]) -> bool:
    """Whether nothing of the object was accepted: its one entry stands for all of it."""
    return len(entries) == 1 and entries[0].rest and entries[0].line == 1


def lines_suffix(object_format: str) -> str:
    return _LINES_SUFFIX[object_format]


def whole_suffix(key: str) -> str:
    """An ending that makes a copy be read as the object of this key is (`formats.choose` looks at names, too)."""
    name = key.lower()
    packed = next((ending for ending in (".gz", ".zst") if name.endswith(ending)), "")
    stem = PurePosixPath(name.removesuffix(packed))
    if ".ndjson" in name or ".jsonl" in name:
        return ".ndjson" + packed
    if stem.suffix == ".json":
        return ".json" + packed
    return (".csv" if ".csv" in name else "") + packed


def body(object_format: str, header: bytes, originals: Sequence[bytes]) -> bytes:
    """The file that holds these records and no other. `header` is a CSV file's first row."""
    if object_format == "json":
        return b"[" + b",\n".join(originals) + b"]\n"
    rows = [header, *originals] if object_format == "csv" else originals
    return b"\n".join(rows) + b"\n"


def judge(
    object_format: str, header: bytes, records: Sequence[tuple[QuarantineEntry, bytes]], contract: Contract
) -> list[Judged]:
    """What would become of each record now, in a file that holds those that pass. `records` come with originals."""
    sound = [_is_sound(object_format, original, contract) for _, original in records]
    together = [original for (_, original), is_sound in zip(records, sound, strict=True) if is_sound]
    verdicts = iter(_verdicts(object_format, header, together, contract))
    judged = []
    for (entry, original), is_sound in zip(records, sound, strict=True):
        verdict = next(verdicts) if is_sound else _verdicts(object_format, header, [original], contract)[0]
        reason, field = verdict or (None, "")
        judged.append(Judged(entry, original, reason, field, "" if verdict or is_sound else UNSTABLE))
    passing = [one.original for one in judged if one.passes]
    if passing and _verdicts_at_once(object_format, header, passing, contract) != [None] * len(passing):
        return [msgspec.structs.replace(one, obstacle=UNSTABLE) if one.passes else one for one in judged]
    return judged


type _Verdict = tuple[Reason, str] | None


def _is_sound(object_format: str, original: bytes, contract: Contract) -> bool:
    """Whether a record begins and ends by itself, so that it can stand beside others."""
    if object_format == "ndjson":
        return not original.startswith(_BOM)  # it would be taken off at the beginning of a file, and only there
    if object_format != "csv" or b'"' not in original:
        return True
    lines = [line + "\n" for line in original.decode(errors="replace").split("\n")]
    csv.field_size_limit(2**31 - 1)  # as the reader has it
    try:
        return len(list(csv.reader(lines, delimiter=contract.csv.delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _verdicts(object_format: str, header: bytes, originals: Sequence[bytes], contract: Contract) -> list[_Verdict]:
    """Why each would be refused, or None. A record that spoils the reading of others is judged alone."""
    if not originals:
        return []
    found = _verdicts_at_once(object_format, header, originals, contract)
    if found is not None:
        return found
    if len(originals) == 1:
        processing = _process(body(object_format, header, originals), contract, object_format)
        entries = quarantine.read(processing.quarantine.body.read())[1]
        unreadable = Reason.INVALID_CSV if object_format == "csv" else Reason.INVALID_JSON
        return [(entries[0].reason, entries[0].field) if entries else (unreadable, "")]
    half = len(originals) // 2
    parts = (originals[:half], originals[half:])
    return [verdict for part in parts for verdict in _verdicts(object_format, header, part, contract)]


def _verdicts_at_once(
    object_format: str, header: bytes, originals: Sequence[bytes], contract: Contract
) -> list[_Verdict] | None:
    """As `_verdicts`, from one file; None if the file does not come apart into these records."""
    processing = _process(body(object_format, header, originals), contract, object_format)
    first = 2 if object_format == "csv" else 1
    entries = quarantine.read(processing.quarantine.body.read())[1]
    if processing.receipt().lines != len(originals):
        return None
    verdicts: list[_Verdict] = [None] * len(originals)
    for entry in entries:
        position = entry.line - first
        if entry.rest or not 0 <= position < len(originals):
            return None
        if entry.reason is not Reason.TOO_LARGE and entry.original_bytes != originals[position]:
            return None
        verdicts[position] = entry.reason, entry.field
    return verdicts


def _process(data: bytes, contract: Contract, object_format: str) -> Processing:
    key = replay_raw_key(contract.dataset, "", 1, lines_suffix(object_format))
    processing = Processing(RawObject("", key, "", _JUDGED_AT, len(data)), contract, BytesIO(data).read)
    deque(processing.chunks(), maxlen=0)
    return processing


def plan_lines(  # noqa: PLR0913, PLR0917  what a plan says
    source: RawObject, dataset: str, target: Contract, object_format: str, passing: Sequence[Judged],
    number: int, data: bytes,
) -> ReplayPlan:  # fmt: skip
    """The plan that sends these records as `data`."""
    return ReplayPlan(
        object_id=source.id,
        dataset=dataset,
        source_key=source.key,
        version_id=source.version_id,
        target=target.dataset,
        contract_version=target.version,
        number=number,
        raw_key=replay_raw_key(target.dataset, source.id, number, lines_suffix(object_format)),
        format=object_format,
        lines=runs_of(one.entry.line for one in passing),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def plan_whole(source: RawObject, dataset: str, target: Contract, number: int, sha256: str) -> ReplayPlan:
    """The plan that sends an object again as it is."""
    return ReplayPlan(
        object_id=source.id,
        dataset=dataset,
        source_key=source.key,
        version_id=source.version_id,
        target=target.dataset,
        contract_version=target.version,
        number=number,
        raw_key=replay_raw_key(target.dataset, source.id, number, whole_suffix(source.key)),
        format="",
        lines=[(1, 1)],
        sha256=sha256,
        whole=True,
    )
