"""What another contract would have made of data that is processed already. Pure.

Compared line by line: a line was valid, or quarantined with a reason. An entry for the rest of an object (`rest`)
stands for every line from its own on.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

import msgspec

from .quarantine import QuarantineEntry
from .records import Runs

type Group = tuple[str, str]  # reason code and field

# Lines that were valid, and that the other reading of the object does not find any more.
MOVED: Group = ("(lines moved)", "")


class Difference(msgspec.Struct):
    """What changes: records by reason and field, and one entry of each as an example.

    `fails` counts by the new reason, `passes` by the recorded one.
    """

    fails: Counter[Group] = msgspec.field(default_factory=Counter)
    passes: Counter[Group] = msgspec.field(default_factory=Counter)
    failing: dict[Group, QuarantineEntry] = {}
    passing: dict[Group, QuarantineEntry] = {}


def compare(
    was_valid: int, was: Sequence[QuarantineEntry], is_valid: Runs, now: Sequence[QuarantineEntry]
) -> Difference:
    """Compare what was recorded of an object (records, entries) with what another contract makes of it."""
    found = Difference()
    bad = {entry.line: entry for entry in was if not entry.rest}
    rest = next((entry for entry in was if entry.rest), None)

    def was_bad(line: int) -> bool:
        return line in bad or (rest is not None and line >= rest.line)

    for entry in now:
        if not entry.rest and not was_bad(entry.line):
            _count(found.fails, found.failing, entry)
    starts = [start for start, _ in is_valid]
    mended = 0
    for line, entry in bad.items():
        if _holds(is_valid, starts, line):
            mended += 1
            _count(found.passes, found.passing, entry)
    if rest is not None:
        behind = sum(max(0, start + count - max(start, rest.line)) for start, count in is_valid)
        behind -= sum(1 for line in bad if line >= rest.line and _holds(is_valid, starts, line))
        if behind > 0:
            _count(found.passes, found.passing, rest, behind)
            mended += behind
    still = sum(count for _, count in is_valid) - mended
    # What was valid, is not any more, and was not named: it lies in a rest.
    unnamed = was_valid - still - found.fails.total()
    if unnamed > 0:
        new_rest = next((entry for entry in now if entry.rest), None)
        if new_rest is None:
            found.fails[MOVED] += unnamed
        else:
            _count(found.fails, found.failing, new_rest, unnamed)
    return found


def _holds(runs: Runs, starts: Sequence[int], line: int) -> bool:
    position = bisect_right(starts, line) - 1
    return position >= 0 and line < sum(runs[position])


def _count(
    counts: Counter[Group], examples: dict[Group, QuarantineEntry], entry: QuarantineEntry, records: int = 1
) -> None:
    group = (entry.reason.value, entry.field)
    counts[group] += records
    examples.setdefault(group, entry)
