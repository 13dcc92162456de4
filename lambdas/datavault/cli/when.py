"""`--since` and `--until`: a day, a moment, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from .context import Failure

_AGO = re.compile(r"([0-9]+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def moment(text: str | None) -> datetime | None:
    """`7d`, `12h`, `2w`, `2026-11-01` or an ISO 8601 time as a time in UTC; a time without a zone is UTC.

    Raises
    ------
    Failure
        It is none of these.
    """
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(f"{text!r} is no time", "write 7d, 12h, 2026-11-01 or 2026-11-01T06:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
