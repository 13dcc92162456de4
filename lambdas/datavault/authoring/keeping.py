"""What a contract says about time: how fresh rows are, how long objects are kept, when they move to a cheaper class.

Plain values in, plain values and problems out; infrastructure/contracts.tf reads the same words of the same file.
"""

from collections.abc import Callable
from typing import Any, get_args

from ..contract import Move, StorageClass

ARCHIVE_PROPERTY = "archiveAfterDays"

type Report = Callable[[str, str, str], None]
"""Takes a problem: its place, what is wrong, what to do."""

# The units of a promise, as infrastructure/contracts.tf reads them, too.
_SECONDS = {
    name: seconds
    for names, seconds in {
        ("s", "second", "seconds"): 1,
        ("m", "minute", "minutes"): 60,
        ("h", "hour", "hours"): 3_600,
        ("d", "day", "days"): 86_400,
        ("w", "week", "weeks"): 604_800,
        ("y", "year", "years"): 31_536_000,
    }.items()
    for name in names
}
_DAY_SECONDS = 86_400

# An event waits 14 days in a queue at most (SQS), as in raw-events-dlq and raw-held: its object must still be there.
_MIN_RAW_DAYS = 14

_CLASSES: tuple[StorageClass, ...] = get_args(StorageClass.__value__)
# S3 moves nothing to STANDARD_IA sooner, and nothing on from there sooner: it bills that class for 30 days at least.
_STANDARD_IA_DAYS = 30
_WITH_RESTORE = {"DEEP_ARCHIVE", "GLACIER"}


def service_levels(document: dict[str, Any], dataset: str, report: Report) -> dict[str, int]:
    """The fields of `Contract` that the contract's slaProperties give."""
    levels: dict[str, int] = {}
    for number, level in enumerate(document.get("slaProperties", [])):
        if level["property"] not in ("latency", "retention"):
            continue
        place = f"slaProperties.{number}"
        unit, value = str(level.get("unit", "")), level["value"]
        if unit not in _SECONDS or isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            report(place, f"{value} {unit}", f"a whole number of {', '.join(_SECONDS)}")
            continue
        found = _level(level, value * _SECONDS[unit], dataset, place, report)
        if found is None:
            continue
        if found[0] in levels:
            report(place, f"a second {level['property']} of the same objects", "leave one")
        levels[found[0]] = found[1]
    return levels


def _level(level: dict[str, Any], seconds: int, dataset: str, place: str, report: Report) -> tuple[str, int] | None:
    if level["property"] == "latency":
        return "freshness_seconds", seconds
    if seconds % _DAY_SECONDS:
        report(place, f"retention of {level['value']} {level['unit']}", "whole days")
        return None
    days, element = seconds // _DAY_SECONDS, level.get("element", dataset)
    if element == dataset:
        return "retention_days", days
    if element != f"{dataset}_raw":
        hint = f"{dataset} for the Parquet objects, {dataset}_raw for raw objects and quarantined records"
        report(place, f"retention of the element {element!r}", hint)
        return None
    if days < _MIN_RAW_DAYS:
        hint = f"at least {_MIN_RAW_DAYS}: events of raw objects that failed or are held wait so long for a person"
        report(place, f"raw objects are kept for {days} days", hint)
        return None
    return "raw_retention_days", days


def moves(given: Any, retention_days: int | None, place: str, report: Report) -> tuple[Move, ...]:
    """The moves that an `archiveAfterDays` asks for, the earliest first; what cannot be is reported and left out."""
    if not isinstance(given, dict):
        report(
            place,
            f"is {given!r}",
            f"days by storage class: {{{_CLASSES[0]}: 90, {_CLASSES[1]}: 365}}; {{}} for no move",
        )
        return ()
    found: dict[StorageClass, int] = {}
    for name, days in given.items():
        if name not in _CLASSES:
            report(place, f"storage class {name!r}", _why_not(name))
        elif isinstance(days, bool) or not isinstance(days, int) or days < 1:
            report(place, f"{name} after {days!r} days", "a whole number, at least 1")
        elif retention_days is not None and days >= retention_days:
            report(place, f"{name} after {days} days, when all is gone after {retention_days}", "move before, or never")
        else:
            found[name] = days
    infrequent, instant = found.get("STANDARD_IA"), found.get("GLACIER_IR")
    if infrequent is not None and infrequent < _STANDARD_IA_DAYS:
        report(place, f"STANDARD_IA after {infrequent} days", f"at least {_STANDARD_IA_DAYS} (S3)")
    elif infrequent is not None and instant is not None and instant < infrequent + _STANDARD_IA_DAYS:
        hint = f"{_STANDARD_IA_DAYS} days after STANDARD_IA at least (S3), or only one of the two"
        report(place, f"GLACIER_IR after {instant} days, STANDARD_IA after {infrequent}", hint)
    return tuple(Move(name, days) for name, days in sorted(found.items(), key=lambda move: move[1]))


def _why_not(name: object) -> str:
    """Replay, reload and verification read objects by themselves, and nobody would restore them first."""
    if name in _WITH_RESTORE:
        return f"an object there must be restored before it is read; {' or '.join(_CLASSES)} answer at once"
    return f"{' or '.join(_CLASSES)}"
