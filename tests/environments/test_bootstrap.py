"""`make bootstrap` in an empty account: what it makes, that a second run changes nothing, and what it refuses."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ROOT, Client, account_environment, clients

ACCOUNT = "777777777777"
BUILDS = ["job/main/", "job/PR-*"]
CI = [
    "--oidc-issuer",
    "jenkins.example.com/oidc",
    "--oidc-plan-subject",
    "job/*",
    "--oidc-apply-subject",
    ",".join(BUILDS),
]

Outcome = subprocess.CompletedProcess[str]
Run = Callable[..., Outcome]


@pytest.fixture(scope="module")
def run(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the script in a copy, whose environment's backend.hcl is nobody's."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("scripts/bootstrap.py", "environments/bootstrap/bootstrap.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "environments" / "dev").mkdir()
    (root / "environments" / "dev" / "main.tf").touch()

    def bootstrap(*arguments: str, answer: str = "", env: str = "dev") -> Outcome:
        return subprocess.run(
            [sys.executable, root / "scripts" / "bootstrap.py", "--env", env, *arguments],
            env=account_environment(endpoint, ACCOUNT),
            cwd=root,
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )

    return bootstrap


@pytest.fixture(scope="module")
def client(endpoint: str) -> Client:
    return clients(endpoint, ACCOUNT)


@pytest.fixture(scope="module")
def deployed(run: Run) -> tuple[Outcome, Path]:
    refused = run(*CI, answer="n\n")
    assert refused.returncode == 1, refused.stderr
    assert "CiApplyRole" in refused.stderr

    done = run(*CI, "--json", answer="y\n")
    assert done.returncode == 0, done.stderr
    return done, Path(str(done.args[1])).parents[1] / "environments" / "dev" / "backend.hcl"


def test_the_backend_file_names_bucket_key_and_region(deployed: tuple[Outcome, Path]) -> None:
    outcome, backend = deployed
    outputs = json.loads(outcome.stdout)

    found = dict(re.findall(r'^(\w+) += "(.*)"$', backend.read_text(), re.MULTILINE))

    assert found == {"bucket": outputs["StateBucket"], "kms_key_id": outputs["StateKeyArn"], "region": "us-east-1"}


def test_the_states_bucket_is_versioned_encrypted_logged_and_private(
    deployed: tuple[Outcome, Path], client: Client
) -> None:
    outputs = json.loads(deployed[0].stdout)
    s3, bucket = client("s3"), outputs["StateBucket"]

    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == outputs["StateKeyArn"]
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert logging["TargetBucket"] in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert client("kms").get_key_rotation_status(KeyId=outputs["StateKeyArn"])["KeyRotationEnabled"]


def test_the_account_lets_nothing_be_public(deployed: tuple[Outcome, Path], client: Client) -> None:
    block = client("s3control").get_public_access_block(AccountId=ACCOUNT)["PublicAccessBlockConfiguration"]

    assert len(block) == 4
    assert all(block.values())


@pytest.mark.parametrize(("role", "subjects"), [("plan", "job/*"), ("apply", BUILDS), ("smoke", BUILDS)])
def test_only_the_named_builds_take_a_role(
    deployed: tuple[Outcome, Path], client: Client, role: str, subjects: str | list[str]
) -> None:
    found = client("iam").get_role(RoleName=f"datavault-ci-{role}")["Role"]
    (statement,) = found["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/jenkins.example.com/oidc"}
    assert statement["Condition"]["StringEquals"]["jenkins.example.com/oidc:aud"] == "sts.amazonaws.com"
    assert statement["Condition"]["StringLike"]["jenkins.example.com/oidc:sub"] == subjects


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_a_build_that_plans_or_applies_stays_within_its_boundary(
    deployed: tuple[Outcome, Path], client: Client, role: str
) -> None:
    found = client("iam").get_role(RoleName=f"datavault-ci-{role}")["Role"]

    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("policy/datavault-ci-boundary")


def _several(words: str | list[str]) -> list[str]:
    return [words] if isinstance(words, str) else words


def test_a_build_that_sends_canaries_reaches_objects_of_that_dataset_alone(
    deployed: tuple[Outcome, Path], client: Client
) -> None:
    (name,) = client("iam").list_role_policies(RoleName="datavault-ci-smoke")["PolicyNames"]
    policy = client("iam").get_role_policy(RoleName="datavault-ci-smoke", PolicyName=name)["PolicyDocument"]

    objects = [
        resource
        for statement in policy["Statement"]
        if {"s3:GetObject", "s3:PutObject"} & set(_several(statement["Action"]))
        for resource in _several(statement["Resource"])
    ]
    assert len(objects) == 6
    assert [path for path in objects if not path.endswith(("/canary/*", "/terraform.tfstate"))] == []


def test_a_second_run_changes_nothing_and_keeps_the_roles_of_ci(run: Run, deployed: tuple[Outcome, Path]) -> None:
    again = run("--json")

    assert again.returncode == 0, again.stderr
    assert "no changes" in again.stderr
    assert json.loads(again.stdout) == json.loads(deployed[0].stdout)


@pytest.mark.parametrize(
    ("env", "words"), [("local", "keeps its state in a file"), ("nowhere", "no environment 'nowhere'")]
)
def test_an_environment_without_a_state_of_its_own_is_refused(run: Run, env: str, words: str) -> None:
    refused = run("--yes", env=env)

    assert refused.returncode == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_policy_fits_into_what_iam_takes(deployed: tuple[Outcome, Path], client: Client) -> None:
    iam = client("iam")
    sizes = {}
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        sizes[policy["PolicyName"]] = len(json.dumps(version["PolicyVersion"]["Document"], separators=(",", ":")))

    assert sizes.keys() == {"datavault-ci-apply", "datavault-ci-boundary"}
    assert max(sizes.values()) <= 6144  # IAM, managed policies, blanks not counted
