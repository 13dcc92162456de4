"""The evaluator of tests/iam against what AWS's documentation says; the links are beside the examples."""

from typing import Any

import pytest

from tests.iam.conditions import UnsupportedPolicyError, arn_like, check, holds, like
from tests.iam.policy import Policy, Request, decide

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"


def policy(*statements: dict[str, Any]) -> Policy:
    defaults = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return Policy.read("p", {"Version": "2012-10-17", "Statement": [{**defaults, **one} for one in statements]})


def get(resource: str = f"{BUCKET}/a", action: str = "s3:GetObject", account: str = ACCOUNT, **more: Any) -> Request:
    return Request(more.pop("principal", ROLE), action, resource, account, more.pop("context", {}))


ALLOW = policy({})
NOTHING = policy({"Action": "s3:ListBucket"})


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
@pytest.mark.parametrize(
    ("who", "policies", "is_allowed"),
    [
        ("no policy: an implicit deny", {}, False),
        ("the role's policy allows", {"identity": [ALLOW]}, True),
        ("an explicit deny wins", {"identity": [ALLOW, policy({"Effect": "Deny"})]}, False),
        (
            "so does one of the bucket",
            {"identity": [ALLOW], "resource": policy({"Effect": "Deny", "Principal": "*"})},
            False,
        ),
        ("the bucket alone, naming the role", {"resource": policy({"Principal": {"AWS": ROLE}})}, True),
        ("the bucket alone, naming the account, grants nothing", {"resource": policy({"Principal": ROOT})}, False),
        ("the boundary allows, too", {"identity": [ALLOW], "boundary": ALLOW}, True),
        ("the boundary grants nothing", {"boundary": ALLOW}, False),
        ("the boundary does not allow", {"identity": [ALLOW], "boundary": NOTHING}, False),
        (
            "a role named by the bucket stays in its boundary",
            {"resource": policy({"Principal": {"AWS": ROLE}}), "boundary": NOTHING},
            False,
        ),
        ("the endpoint does not allow", {"identity": [ALLOW], "limits": [NOTHING]}, False),
        ("the endpoint lets everybody through", {"identity": [ALLOW], "limits": [policy({"Principal": "*"})]}, True),
        (
            "a deny of somebody else",
            {"identity": [ALLOW], "resource": policy({"Effect": "Deny", "Principal": {"AWS": ROLE + "2"}})},
            True,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_account_decides(who: str, policies: dict[str, Any], is_allowed: bool) -> None:
    assert decide(get(), **policies).is_allowed == is_allowed, who


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
@pytest.mark.parametrize(
    ("resource", "is_allowed"),
    [(None, False), (policy({"Principal": ROOT}), True), (policy({"Principal": {"AWS": ROLE}}), True)],
)
def test_another_account_must_let_in_who_may_ask(resource: Policy | None, is_allowed: bool) -> None:
    assert decide(get(account="444455556666"), [ALLOW], resource=resource).is_allowed == is_allowed


# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
@pytest.mark.parametrize(
    ("identity", "principal", "is_allowed"),
    [
        (True, ROOT, True),
        (False, ROOT, False),
        (True, {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, False),
        (False, {"AWS": ROLE}, True),
    ],
)
def test_a_key_lets_nobody_in_whom_its_own_policy_does_not(identity: bool, principal: Any, is_allowed: bool) -> None:
    decrypt = get(KEY, "kms:Decrypt")
    own = [policy({"Action": "kms:Decrypt"})] if identity else []
    key = policy({"Action": "kms:*", "Principal": principal})
    assert decide(decrypt, own, resource=key).is_allowed == is_allowed
    assert not decide(decrypt, own).is_allowed


def test_a_service_is_let_in_by_the_resource_alone() -> None:
    send = get("arn:aws:sqs:us-east-1:111122223333:q", "sqs:SendMessage", principal="s3.amazonaws.com")
    queue = policy({"Action": "sqs:SendMessage", "Principal": {"Service": "s3.amazonaws.com"}})
    assert decide(send, resource=queue).is_allowed
    assert not decide(send.but(principal="sns.amazonaws.com"), resource=queue).is_allowed
    assert not decide(send, [policy({"Action": "sqs:*"})]).is_allowed
    assert not decide(send, resource=policy({"Action": "sqs:SendMessage", "Principal": ROOT})).is_allowed


def test_the_reason_names_the_statement() -> None:
    assert decide(get(), [policy({"Sid": "Read"})]) == (True, "p/Read")
    assert decide(get(), [policy({"Effect": "Deny"})]) == (False, "denied by p/0")


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("*", "", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_wildcards(pattern: str, value: str, fits: bool) -> None:
    assert like(pattern, value) == fits


def test_actions_are_the_same_in_any_case_and_resources_are_not() -> None:
    assert decide(get(action="S3:getobject"), [ALLOW]).is_allowed
    assert not decide(get(), [policy({"Resource": f"{BUCKET}/A"})]).is_allowed


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:sqs:*:111122223333:q", "arn:aws:sqs:us-east-1:111122223333:q", True),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:us-east-1:111122223333:q", False),
        ("arn:aws:sqs:us-*:q", "arn:aws:sqs:us-east-1:111122223333:q", False),
    ],
)
def test_a_wildcard_stays_in_its_part_of_an_arn(pattern: str, value: str, fits: bool) -> None:
    assert arn_like(pattern, value) == fits


# The table of "Condition operators" and "Single-valued vs. multivalued context keys" in the IAM User Guide.
@pytest.mark.parametrize(
    ("condition", "context", "is_true"),
    [
        ({"StringEquals": {"aws:PrincipalTag/j": ["admin", "x"]}}, {"aws:principaltag/j": "admin"}, True),
        ({"StringEquals": {"aws:PrincipalTag/j": "admin"}}, {"aws:principaltag/j": "ADMIN"}, False),
        ({"StringEquals": {"a": "1", "b": "1"}}, {"a": "1", "b": "2"}, False),
        ({"StringEquals": {"a": "1"}, "StringLike": {"b": "*"}}, {"a": "1"}, False),
        ({"StringEquals": {"a": "1"}}, {}, False),
        ({"StringEqualsIfExists": {"a": "1"}}, {}, True),
        ({"StringEqualsIfExists": {"a": "1"}}, {"a": "2"}, False),
        ({"StringNotEquals": {"a": "1"}}, {}, True),
        ({"StringNotEquals": {"a": ["1", "2"]}}, {"a": "2"}, False),
        ({"StringNotEquals": {"a": ["1", "2"]}}, {"a": "3"}, True),
        ({"StringEquals": {"a": "*"}}, {"a": "x"}, False),
        ({"StringLike": {"s3:prefix": ["h/${aws:username}/*"]}}, {"s3:prefix": "h/me/x", "aws:username": "me"}, True),
        ({"StringLike": {"s3:prefix": ["h/${aws:username}/*"]}}, {"s3:prefix": "h/me/x", "aws:username": "you"}, False),
        ({"StringLike": {"s3:prefix": ["h/${aws:username}/*"]}}, {"s3:prefix": "h/me/x"}, False),
        ({"StringNotLike": {"a": "x*"}}, {"a": "xy"}, False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::a*"}}, {"aws:sourcearn": "arn:aws:s3:::ab"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::a"}}, {"aws:sourcearn": "arn:aws:s3:::ab"}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::a"}}, {"aws:sourcearn": "arn:aws:s3:::ab"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"BoolIfExists": {"aws:SecureTransport": "false"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:tokenissuetime": "x"}, False),
        ({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:tokenissuetime": "x"}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("b", "c")}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("c",)}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "c")}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringNotLike": {"aws:TagKeys": ["a*"]}}, {"aws:tagkeys": ("ab", "b")}, True),
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, Any], context: dict[str, Any], is_true: bool) -> None:
    check(condition)
    assert holds(condition, context) == is_true


@pytest.mark.parametrize(
    "statement",
    [
        {"NotAction": "s3:*"},
        {"NotResource": BUCKET},
        {"NotPrincipal": "*"},
        {"Condition": {"NumericLessThan": {"s3:max-keys": "10"}}},
        {"Condition": {"ForSomeValues:StringEquals": {"a": "b"}}},
        {"Condition": {"StringEqualsIgnoreCaseIfExists": {"a": "b"}}},
    ],
)
def test_what_is_not_known_is_an_error_and_not_a_yes(statement: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPolicyError):
        policy(statement)


def test_what_cannot_be_told_is_an_error_and_not_a_yes() -> None:
    with pytest.raises(UnsupportedPolicyError, match="everybody"):
        decide(get(), resource=policy({"Principal": "*"}))
    with pytest.raises(UnsupportedPolicyError, match="several values"):
        holds({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ("a", "b")})
    with pytest.raises(UnsupportedPolicyError, match="variable"):
        holds({"StringLike": {"a": "${aws:username}"}}, {"a": "b", "aws:username": "*"})
    with pytest.raises(UnsupportedPolicyError, match="variable"):
        holds({"StringLike": {"a": "${*}"}}, {"a": "b"})
