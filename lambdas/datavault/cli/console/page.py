"""The page: one HTML file with its style, its script and a snapshot in it. Pure.

The script makes every node by `textContent`: data never becomes markup. The policy lets this one script and this one
style in, by their hashes, and nothing else.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec

from .snapshot import Answer, BadRecord, Snapshot

_ASSETS = files(__package__) / "assets"
_PLACE = re.compile("%(policy|style|script|content)%")


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the script reads. A page that is a file has its records and one answer in it, and asks nobody."""

    live: bool
    snapshot: Snapshot | None = None
    refresh_seconds: float = 0
    records: Mapping[str, list[BadRecord]] = {}
    answer: Answer | None = None
    headline: str = ""


def policy(*, live: bool) -> str:
    """The Content-Security-Policy."""
    connect = "'self'" if live else "'none'"
    return (
        f"default-src 'none'; script-src {_source('page.js')}; style-src {_source('page.css')}; connect-src {connect}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def render(content: Content) -> str:
    """The whole page."""
    parts = {
        "policy": policy(live=content.live),
        "style": _asset("page.css"),
        "script": _asset("page.js"),
        "content": embedded(content),
    }
    # In one pass over the template: data may hold the name of a place.
    return _PLACE.sub(lambda place: parts[place[1]], _asset("page.html"))


def embedded(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or begin a comment."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _source(name: str) -> str:
    return f"'sha256-{b64encode(sha256(_asset(name).encode()).digest()).decode()}'"
