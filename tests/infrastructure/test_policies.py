"""The planned policies in the eyes of others: parliament (are they valid?), cloudsplaining (what could be misused?)."""

import json
import warnings
from collections.abc import Iterator

from cloudsplaining.scan.policy_document import PolicyDocument

from .conftest import Resources

with warnings.catch_warnings(action="ignore"):  # its age, not ours
    from parliament import analyze_policy_string

# By policy, each with its reason. One that is no longer found must go.
ACCEPTED = {
    # A boundary grants nothing; each role's own policy names its resources.
    ("aws_iam_policy.boundary", "RESOURCE_STAR"),
    ("aws_iam_policy.boundary", "infrastructure_modification"),
}
RISKS = (
    "allows_data_exfiltration_actions",
    "allows_privilege_escalation",
    "credentials_exposure",
    "infrastructure_modification",
    "permissions_management_without_constraints",
    "service_wildcard",
)


def policies(planned: Resources) -> Iterator[tuple[str, str]]:
    """The policies of identities, by address."""
    for address, values in planned.items():
        if "aws_iam_role_policy." in address or "aws_iam_policy." in address:
            yield address, values["policy"]


def invalid(policy: str) -> set[str]:
    """Parliament's findings."""
    return {finding.issue for finding in analyze_policy_string(policy).findings}


def risky(policy: str) -> set[str]:
    """Cloudsplaining's findings."""
    document = PolicyDocument(json.loads(policy))
    return {risk for risk in RISKS if getattr(document, risk)}


def test_others_find_nothing_that_is_not_accepted(planned: Resources) -> None:
    found = {(address, what) for address, policy in policies(planned) for what in invalid(policy) | risky(policy)}

    assert found == ACCEPTED


def test_they_would_find_it() -> None:
    statement = {"Effect": "Allow", "Action": ["iam:PassRole", "s3:GetObject", "s3:Nonsense"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    assert "UNKNOWN_ACTION" in invalid(policy)
    assert {"allows_data_exfiltration_actions", "infrastructure_modification"} <= risky(policy)
