"""What a preview is called, how long it lives, and where its state is found."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from environments.preview.names import expired, preview_of, project_name, record_of
from environments.preview.places import Account, LocalCloud, NotSetUpError, dev_account
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 10, 0, 0, 500, tzinfo=UTC)
ACCOUNT = Account("acme-pr", "123456789012", "us-east-1", "acme-states", "arn:aws:kms:us-east-1:123456789012:key/k")


def a_rule_of_the_stack() -> str:
    """What infrastructure/ takes for a project's name."""
    text = (ROOT / "infrastructure" / "variables.tf").read_text()
    match = re.search(r'regex\("(\^[^"]+)", var\.project_name\)', text)
    assert match
    return match[1]


@given(st.text(min_size=1).filter(str.strip), st.sampled_from(["datavault-pr", "a" * 38]))
def test_any_branch_gives_a_name_that_the_stack_takes(branch: str, prefix: str) -> None:
    assert re.fullmatch(a_rule_of_the_stack(), project_name(branch, prefix, "123456789012"))


@pytest.mark.parametrize("other", ["feature-a", "Feature/a", "feature/a/", "feature/b"])
def test_two_branches_never_share_a_name(other: str) -> None:
    assert project_name("feature/a", "p", "1") != project_name(other, "p", "1")


def test_a_branch_of_another_account_has_another_name() -> None:
    assert project_name("main", "p", "111111111111") != project_name("main", "p", "222222222222")


@pytest.mark.parametrize("branch", ["", "  "])
def test_without_a_branch_there_is_a_hint(branch: str) -> None:
    with pytest.raises(ValueError, match="make preview BRANCH="):
        project_name(branch, "p", "1")


@pytest.mark.parametrize(("branch", "days"), [("feature/a", 1), ("release/1.2", 3), ("my-release/1", 1)])
def test_the_branch_says_how_long_its_preview_lives(branch: str, days: int) -> None:
    preview = preview_of(branch, prefix="p", account="1", now=NOW)

    assert preview.expires == NOW.replace(microsecond=0) + timedelta(days=days)


def test_a_preview_is_over_from_its_last_second_on() -> None:
    preview = preview_of("a", prefix="p", account="1", now=NOW)
    record = record_of(preview)

    assert not expired(record, preview.expires - timedelta(seconds=1))
    assert expired(record, preview.expires)
    assert expired(None, NOW)


def test_a_branch_cannot_smuggle_an_expression_into_terraform_or_a_sign_into_a_tag() -> None:
    preview = preview_of('a/${file("/etc/passwd")}%{if}\u00e9', prefix="p", account="1", now=NOW)

    assert preview.tags["branch"] == "a/__file__/etc/passwd_____if__"
    assert record_of(preview)["branch"] == preview.tags["branch"]


def _state(record: dict[str, str] | None, *, resources: int = 1) -> bytes:
    outputs = {"preview": {"value": record}} if record else {}
    return json.dumps({"outputs": outputs, "resources": [{}] * resources}).encode()


def test_previews_of_the_local_cloud_are_found_until_they_are_forgotten(tmp_path: Path) -> None:
    place = LocalCloud("http://127.0.0.1:1", tmp_path)
    for name, state in {"a": _state({"expires": "x"}), "b": _state(None), "gone": _state(None, resources=0)}.items():
        Path(place.backend(name)["local"]["path"]).write_bytes(state)

    assert list(place.previews()) == [("a", {"expires": "x"}), ("b", None)]
    place.forget("a")
    assert list(place.previews()) == [("b", None)]


@mock_aws
def test_previews_of_an_account_are_found_until_they_are_forgotten() -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=ACCOUNT.bucket)
    keys = {name: ACCOUNT.backend(name)["s3"]["key"] for name in ("a", "b", "gone")}
    s3.put_object(Bucket=ACCOUNT.bucket, Key=keys["a"], Body=_state({"expires": "x"}))
    s3.put_object(Bucket=ACCOUNT.bucket, Key=keys["a"] + ".tflock", Body=b"{}")
    s3.put_object(Bucket=ACCOUNT.bucket, Key=keys["b"], Body=_state(None))
    s3.put_object(Bucket=ACCOUNT.bucket, Key=keys["gone"], Body=_state(None, resources=0))
    s3.put_object(Bucket=ACCOUNT.bucket, Key="dev/terraform.tfstate", Body=_state(None))

    assert list(ACCOUNT.previews()) == [("a", {"expires": "x"}), ("b", None)]
    ACCOUNT.forget("a")
    assert list(ACCOUNT.previews()) == [("b", None)]


def test_the_local_cloud_never_gets_a_persons_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")

    found = LocalCloud("http://127.0.0.1:1", tmp_path).environment()

    assert {name: value for name, value in found.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1"
    }


def test_previews_live_in_the_account_of_dev(tmp_path: Path) -> None:
    dev = tmp_path / "environments" / "dev"
    dev.mkdir(parents=True)
    (dev / "backend.hcl").write_text('bucket     = "acme-states"\nkms_key_id = "arn:k"\nregion     = "eu-west-1"\n')
    with pytest.raises(NotSetUpError, match="account_id"):
        dev_account(tmp_path)
    (dev / "terraform.tfvars").write_text('project_name = "acme-dev"\n')
    with pytest.raises(NotSetUpError, match="names no account_id"):
        dev_account(tmp_path)

    (dev / "terraform.tfvars").write_text('project_name = "acme-dev"\naccount_id = "123456789012" # ours\n')

    assert dev_account(tmp_path) == Account("acme-pr", "123456789012", "eu-west-1", "acme-states", "arn:k")


def test_an_account_that_is_not_bootstrapped_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotSetUpError, match="make bootstrap ENV=dev"):
        dev_account(tmp_path)
