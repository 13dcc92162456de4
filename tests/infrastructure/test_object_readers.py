"""The policy for people who read Parquet objects: as far as their clearance goes, and not a step further."""

import json

import pytest

from datavault.authoring.odcs import CLASSIFICATIONS

from .conftest import Resources
from .policies import ACCOUNT, Account, Call

OBJECT = "arn:aws:s3:::acme-processed-data/data/visits/dt=2026-03-01/c.parquet"
CLEARANCE, DATASET = "aws:PrincipalTag/datavault-clearance", "aws:PrincipalTag/datavault-dataset"
CLASSIFICATION = "s3:ExistingObjectTag/classification"


def reads(account: Account, resource: str, context: dict[str, str]) -> bool:
    return account.person_allows("object_reader", Call("s3:GetObject", resource, context))


def decrypts(account: Account, key: str, context: dict[str, str]) -> bool:
    return account.person_allows("object_reader", Call("kms:Decrypt", key, {"kms:CallerAccount": ACCOUNT} | context))


def tagged(classification: str, **principal: str) -> dict[str, str]:
    return {CLASSIFICATION: classification, "s3:ExistingObjectTag/dataset": "visits"} | {
        f"aws:PrincipalTag/datavault-{name}": value for name, value in principal.items()
    }


@pytest.mark.parametrize("clearance", CLASSIFICATIONS)
def test_a_reader_reads_up_to_his_clearance_and_no_further(account: Account, clearance: str) -> None:
    readable = [
        classification
        for classification in CLASSIFICATIONS
        if reads(account, OBJECT, tagged(classification, clearance=clearance))
    ]
    assert tuple(readable) == CLASSIFICATIONS[: CLASSIFICATIONS.index(clearance) + 1]


@pytest.mark.parametrize(
    "context",
    [
        tagged("public"),
        tagged("public", clearance="all"),
        tagged("secret", clearance="restricted"),
        {CLEARANCE: "restricted"},
        tagged("public", clearance="restricted", dataset="parcels"),
        {CLASSIFICATION: "public", CLEARANCE: "restricted", DATASET: "visits"},
    ],
    ids=[
        "no clearance",
        "unknown clearance",
        "unknown classification",
        "object without tags",
        "other data set",
        "object of no data set",
    ],
)
def test_a_tag_that_is_missing_or_unknown_opens_nothing(account: Account, context: dict[str, str]) -> None:
    assert not reads(account, OBJECT, context)


def test_a_reader_of_one_data_set_reads_that(account: Account) -> None:
    assert reads(account, OBJECT, tagged("public", clearance="internal", dataset="visits"))


def test_a_reader_reads_nothing_but_parquet_objects_and_changes_nothing(account: Account, planned: Resources) -> None:
    for other in ("acme-processed-data/receipts/visits/r.json", "acme-quarantine-data/data/q", "acme-raw-data/data/r"):
        assert not reads(account, f"arn:aws:s3:::{other}", tagged("public", clearance="restricted"))
    policy = json.loads(planned["aws_iam_policy.object_reader"]["policy"])
    allowed = {statement["Action"] for statement in policy["Statement"] if statement["Effect"] == "Allow"}
    assert allowed == {"kms:Decrypt", "s3:GetObject", "s3:ListBucket"}


def test_a_reader_decrypts_only_what_s3_reads_for_him_from_that_bucket(account: Account) -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/masked"
    through = {
        "kms:ViaService": "s3.eu-central-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::acme-processed-data",
        CLEARANCE: "public",
    }
    assert decrypts(account, key, through)
    for name, other in {
        "kms:ViaService": "redshift.eu-central-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::acme-raw-data",
        CLEARANCE: "none",
    }.items():
        assert not decrypts(account, key, through | {name: other}), name
    assert not decrypts(account, key.replace("masked", "clear"), through)
