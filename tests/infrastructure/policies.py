"""Whether the planned policies let a call through: those of who asks, and of the bucket or key that is asked for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.iam.policy import Policy, Request, decide

ACCOUNT, REGION = "111122223333", "eu-central-1"


class Call(NamedTuple):
    """An API call: action, resource, and what else the request says."""

    action: str
    resource: str
    context: dict[str, str]


class Account:
    """The policies of the planned stack."""

    def __init__(self, planned: Mapping[str, dict[str, Any]]) -> None:
        self._planned = planned
        self._boundary = Policy.read("boundary", planned["aws_iam_policy.boundary"]["policy"])

    def _resource(self, name: str) -> Policy | None:
        """The policy of a bucket or a key."""
        if name.startswith("arn:aws:s3:::"):
            module = name.removeprefix("arn:aws:s3:::").split("/")[0].removeprefix("acme-").removesuffix("-data")
            policy = self._planned.get(f"module.{module}.aws_s3_bucket_policy.this")
        elif name.startswith("arn:aws:kms:"):
            policy = self._planned.get(f"module.{name.rpartition('/')[2]}_key.aws_kms_key.this")
        else:
            return None
        return Policy.read(name, policy["policy"]) if policy else None

    def role_policy(self, stage: str) -> str:
        """The policy of a function's role, or of the worker's."""
        address = f"module.{stage}.aws_iam_role_policy.this"
        if stage == "worker":
            address = 'aws_iam_role_policy.worker["this"]'
        return str(self._planned[address]["policy"])

    def role_allows(self, stage: str, call: Call, **context: str | None) -> bool:
        """Whether a function's role may make the call; `context` is laid over what the call says."""
        role = Policy.read(stage, self.role_policy(stage))
        return self._allows(stage, role, self._boundary, call, context)

    def person_allows(self, policy: str, call: Call) -> bool:
        """Whether somebody who has nothing but the managed policy may make the call."""
        managed = Policy.read(policy, self._planned[f"aws_iam_policy.{policy}"]["policy"])
        return self._allows("somebody", managed, None, call, {})

    def _allows(
        self, role: str, policy: Policy, boundary: Policy | None, call: Call, context: Mapping[str, str | None]
    ) -> bool:
        given = {
            "aws:SecureTransport": "true",
            "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/acme-{role}",
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalIsAWSService": "false",
        }
        said = {key.lower(): value for key, value in {**given, **call.context, **context}.items() if value is not None}
        request = Request(given["aws:PrincipalArn"], call.action, call.resource, ACCOUNT, said)
        return decide(request, [policy], boundary, self._resource(call.resource)).is_allowed
