"""What follows from a branch: the names and the lifetime of its preview. Pure."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# infrastructure/variables.tf: bucket and role names build on it.
_LONGEST_PROJECT = 48
_DIGITS = 8
_TIME = "%Y-%m-%dT%H:%M:%SZ"
# AWS's tags know letters, digits, spaces and these.
_NOT_IN_TAGS = re.compile(r"[^\w +\-=.:/@]", re.ASCII)

# The first that a branch begins with counts. A day is enough for a review; a release is tried for longer.
LIFETIMES = {"release/": timedelta(days=3), "": timedelta(days=1)}


@dataclass(frozen=True)
class Preview:
    """A branch's stack.

    Attributes
    ----------
    branch : str
    project_name : str
        Prefix of all its names.
    expires : datetime
        From when on a sweep destroys it; UTC, whole seconds.
    """

    branch: str
    project_name: str
    expires: datetime

    @property
    def tags(self) -> dict[str, str]:
        """Of every resource: who finds one sees whose it is, and until when."""
        return {
            "project": self.project_name,
            "environment": "preview",
            "managed-by": "terraform",
            "branch": _NOT_IN_TAGS.sub("_", self.branch)[:256],
            "expires": self.expires.strftime(_TIME),
        }


def preview_of(branch: str, *, prefix: str, account: str, now: datetime) -> Preview:
    """Compute a branch's preview.

    Parameters
    ----------
    branch : str
    prefix : str
        First part of the project's name; previews of another project in the account have another.
    account : str
        The AWS account. It is in the name's hash: bucket names are unique in the world, names of branches are not.
    now : datetime
        When its life begins.

    Raises
    ------
    ValueError
        There is no branch.
    """
    lifetime = next(span for start, span in LIFETIMES.items() if branch.startswith(start))
    return Preview(
        branch, project_name(branch, prefix, account), (now + lifetime).astimezone(UTC).replace(microsecond=0)
    )


def project_name(branch: str, prefix: str, account: str) -> str:
    """Name a branch's preview: `feature/a` and `feature-a` are different branches and get different names.

    Raises
    ------
    ValueError
        There is no branch.
    """
    if not branch.strip():
        raise ValueError("no branch is given\n  hint: make preview BRANCH=my-branch, and preview-destroy likewise")
    digest = hashlib.sha256(f"{account}/{branch}".encode()).hexdigest()[:_DIGITS]
    room = _LONGEST_PROJECT - len(prefix) - _DIGITS - 2
    readable = re.sub(r"[^a-z0-9]+", "-", branch.lower())[: max(room, 0)].strip("-")
    return "-".join(part for part in (prefix, readable, digest) if part)


def expired(record: dict[str, str] | None, now: datetime) -> bool:
    """Whether a preview's time is over. One that does not say has none left: its apply did not get far."""
    if record is None:
        return True
    return datetime.strptime(record["expires"], _TIME).replace(tzinfo=UTC) <= now


def record_of(preview: Preview) -> dict[str, str]:
    """What the state keeps of a preview, for `sweep` and `list`.

    As in the tags: a branch may be called `${file("secret")}`, which in Terraform's JSON would be an expression.
    """
    return {name: preview.tags[name] for name in ("branch", "expires")}
