"""What IAM would say to a request: AWS's evaluation logic, as far as the policies of one account's stack need it.

In: a request, and every policy that has a say in it. Out: a decision with its reason. Session policies and policies of
an organisation are not known; an element or operator that is not known is an error, never a yes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .conditions import Context, UnsupportedPolicyError, arn_like, check, fill, holds, like

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


class Decision(NamedTuple):
    """Whether a request is allowed, and which policy said so, or did not."""

    is_allowed: bool
    reason: str


@dataclass(frozen=True)
class Request:
    """One action on one resource. `principal` is the ARN of a role, or the name of a service that comes on its own."""

    principal: str
    action: str
    resource: str
    account: str  # that owns the resource: a bucket's ARN does not say
    context: Context = field(default_factory=dict)

    @property
    def is_of_service(self) -> bool:
        return not self.principal.startswith("arn:")

    def but(self, **parts: Any) -> "Request":
        """Return the request with other parts; `context` is laid over its own, and a None there takes a key away."""
        over = {name.lower(): value for name, value in parts.pop("context", {}).items()}
        context = {name: value for name, value in {**self.context, **over}.items() if value is not None}
        return replace(self, context=context, **parts)


@dataclass(frozen=True)
class Statement:
    """One statement; `place` says where it stands."""

    place: str
    is_allow: bool
    principals: Mapping[str, list[str]] | None  # None in a policy of an identity
    actions: list[str]
    resources: list[str] | None  # None in a trust policy: the role itself
    condition: Mapping[str, Mapping[str, Any]]

    def applies(self, request: Request) -> bool:
        """Whether action, resource and conditions fit; who asks is asked apart."""
        return (
            any(like(action.lower(), request.action.lower()) for action in self.actions)
            and (self.resources is None or any(_is_on(resource, request) for resource in self.resources))
            and holds(self.condition, request.context)
        )

    def names(self, request: Request) -> bool:
        """Whether the principals include who asks, by name or as everybody."""
        assert self.principals is not None
        named = self.principals.get("Service" if request.is_of_service else "AWS", [])
        return request.principal in named or "*" in self.principals.get("AWS", []) or self._names_account(request)

    def _names_account(self, request: Request) -> bool:
        if request.is_of_service or self.principals is None:
            return False
        account = request.principal.split(":")[4]
        return any(
            name == account or arn_like(f"arn:*:iam::{account}:root", name) for name in self.principals.get("AWS", [])
        )


@dataclass(frozen=True)
class Policy:
    """A policy, read."""

    name: str
    statements: tuple[Statement, ...]

    @classmethod
    def read(cls, name: str, document: str | Mapping[str, Any]) -> "Policy":
        """Read a policy's JSON.

        Raises
        ------
        UnsupportedPolicyError
            It has an element (NotAction, …) or a condition operator that this evaluator does not know.
        """
        value: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
        return cls(name, tuple(_statement(name, number, entry) for number, entry in enumerate(value["Statement"])))

    def allows(self, request: Request) -> Iterator[Statement]:
        """Yield the statements that allow it."""
        return (one for one in self.statements if one.is_allow and one.applies(request))

    def denies(self, request: Request) -> Iterator[Statement]:
        """Yield the statements that deny it."""
        return (
            one
            for one in self.statements
            if not one.is_allow and one.applies(request) and (one.principals is None or one.names(request))
        )


def decide(
    request: Request,
    identity: Iterable[Policy] = (),
    boundary: Policy | None = None,
    resource: Policy | None = None,
    limits: Iterable[Policy] = (),
) -> Decision:
    """Decide as IAM does.

    An explicit deny of any policy wins. The boundary and each of `limits` (a VPC endpoint's policy) must allow besides;
    they grant nothing. A resource's policy that names the role grants as the role's own does; one that names the
    account only lets the account's policies decide, which a KMS key's must, and another account's resource's, too.
    """
    identity, limits = list(identity), [*limits, *([boundary] if boundary else [])]
    for policy in [*identity, *limits, *([resource] if resource else [])]:
        for statement in policy.denies(request):
            return Decision(False, f"denied by {statement.place}")
    for limit in limits:
        if not any(statement.principals is None or statement.names(request) for statement in limit.allows(request)):
            return Decision(False, f"{limit.name} does not let it through")
    return _grant(request, identity, resource)


def _grant(request: Request, identity: list[Policy], resource: Policy | None) -> Decision:
    by_resource = [one for one in resource.allows(request) if one.names(request)] if resource else []
    for statement in by_resource:
        # Whom it means depends on things that are not known here; ours have no such statement.
        if "*" in _all(statement.principals):
            raise UnsupportedPolicyError(f"{statement.place} allows everybody")
    by_name = [one for one in by_resource if request.principal in _all(one.principals)]
    if request.is_of_service:
        return Decision(bool(by_name), by_name[0].place if by_name else f"nothing lets {request.principal} in")

    must_be_let_in = request.action.startswith("kms:") or request.principal.split(":")[4] != request.account
    if must_be_let_in and not by_resource:
        return Decision(False, "the resource's policy does not allow it")
    granted = by_name or [statement for policy in identity for statement in policy.allows(request)]
    return Decision(bool(granted), granted[0].place if granted else "no policy of the role allows it")


def _statement(name: str, number: int, entry: Mapping[str, Any]) -> Statement:
    unknown = entry.keys() - _ELEMENTS
    if unknown:
        raise UnsupportedPolicyError(f"{name}: {', '.join(sorted(unknown))}")
    condition = entry.get("Condition", {})
    check(condition)
    principal = entry.get("Principal")
    if principal is not None:
        principals = {"AWS": ["*"]} if principal == "*" else {kind: _list(names) for kind, names in principal.items()}
    return Statement(
        f"{name}/{entry.get('Sid') or number}",
        entry["Effect"] == "Allow",
        None if principal is None else principals,
        _list(entry["Action"]),
        _list(entry["Resource"]) if "Resource" in entry else None,
        condition,
    )


def _is_on(pattern: str, request: Request) -> bool:
    filled = fill(pattern, request.context)
    return filled == "*" or (filled is not None and arn_like(filled, request.resource))


def _all(principals: Mapping[str, list[str]] | None) -> list[str]:
    return [name for names in (principals or {}).values() for name in names]


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
