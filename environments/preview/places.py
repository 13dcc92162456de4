"""Where previews live: the local cloud, with states in files; or the account of dev, with states in its bucket."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3

ROOT = Path(__file__).resolve().parents[2]
# An account of previews' own in the local cloud; LocalStack takes the access key for the account's id.
_LOCAL_ACCOUNT = "444444444444"
_STATE = "terraform.tfstate"
_STATES = "preview/"  # in the account's bucket

Record = dict[str, str] | None


class NotSetUpError(Exception):
    """The place is not ready; the message says what to do."""


class Place(Protocol):
    """What differs between the local cloud and an account."""

    @property
    def prefix(self) -> str:
        """First part of all names."""
        ...

    @property
    def account(self) -> str:
        """Id of the account."""
        ...

    def provider(self) -> dict[str, Any]: ...
    def backend(self, project_name: str) -> dict[str, Any]: ...
    def inputs(self) -> dict[str, Any]: ...
    def environment(self) -> dict[str, str]: ...
    def previews(self) -> Iterator[tuple[str, Record]]: ...
    def forget(self, project_name: str) -> None: ...


@dataclass(frozen=True)
class LocalCloud:
    """The local cloud at `endpoint`; `folder` holds the states."""

    endpoint: str
    folder: Path
    prefix: str = "datavault-pr"
    account: str = _LOCAL_ACCOUNT

    def provider(self) -> dict[str, Any]:
        """Like scripts/emulate, in whose place this stands."""
        return {
            "region": "us-east-1",
            "access_key": self.account,
            "secret_key": "test",
            "s3_use_path_style": True,
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
        }

    def backend(self, project_name: str) -> dict[str, Any]:
        return {"local": {"path": str(self._state(project_name))}}

    def inputs(self) -> dict[str, Any]:
        return {"endpoint_url": self.endpoint, "architecture": "x86_64"}

    def environment(self) -> dict[str, str]:
        # A person's own account must not be reached by mistake.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {"AWS_ENDPOINT_URL": self.endpoint}

    def previews(self) -> Iterator[tuple[str, Record]]:
        for path in sorted(self.folder.glob(f"states/*/{_STATE}")):
            yield from _found(path.parent.name, json.loads(path.read_bytes()))

    def forget(self, project_name: str) -> None:
        shutil.rmtree(self._state(project_name).parent, ignore_errors=True)

    def _state(self, project_name: str) -> Path:
        path = self.folder / "states" / project_name / _STATE
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclass(frozen=True)
class Account:
    """The account that `make bootstrap ENV=dev` prepared; previews' states lie beside dev's."""

    prefix: str
    account: str
    region: str
    bucket: str
    kms_key_id: str

    def provider(self) -> dict[str, Any]:
        return {"region": self.region, "allowed_account_ids": [self.account]}

    def backend(self, project_name: str) -> dict[str, Any]:
        return {
            "s3": {
                "bucket": self.bucket,
                "kms_key_id": self.kms_key_id,
                "region": self.region,
                "key": _key(project_name),
                "encrypt": True,
                "use_lockfile": True,
            }
        }

    def inputs(self) -> dict[str, Any]:
        return {}

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def previews(self) -> Iterator[tuple[str, Record]]:
        s3 = self._s3()
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=_STATES):
            for item in page.get("Contents", []):
                project_name, _, file = item["Key"].removeprefix(_STATES).partition("/")
                if file == _STATE:
                    state = s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read()
                    yield from _found(project_name, json.loads(state))

    def forget(self, project_name: str) -> None:
        self._s3().delete_object(Bucket=self.bucket, Key=_key(project_name))

    def _s3(self) -> Any:
        return boto3.client("s3", region_name=self.region)


def dev_account(root: Path = ROOT) -> Account:
    """Read where dev's account is.

    Raises
    ------
    NotSetUpError
        Something is missing in environments/dev.
    """
    dev = root / "environments" / "dev"
    backend = _settings(dev / "backend.hcl", "make bootstrap ENV=dev writes it")
    ours = _settings(
        dev / "terraform.tfvars", 'write account_id = "…" into it (docs/deployment.md, "Say what is yours")'
    )
    if "account_id" not in ours:
        raise NotSetUpError("environments/dev/terraform.tfvars names no account_id; previews live in dev's account")
    prefix = ours.get("project_name", "datavault-dev").removesuffix("-dev") + "-pr"
    return Account(
        prefix=prefix,
        account=ours["account_id"],
        region=ours.get("region", backend["region"]),
        bucket=backend["bucket"],
        kms_key_id=backend["kms_key_id"],
    )


def _settings(path: Path, hint: str) -> dict[str, str]:
    if not path.is_file():
        raise NotSetUpError(f"environments/dev/{path.name} is missing\n  hint: {hint}")
    return dict(re.findall(r'^\s*(\w+)\s*=\s*"([^"]*)"', path.read_text(), re.MULTILINE))


def _key(project_name: str) -> str:
    return f"{_STATES}{project_name}/{_STATE}"


def _found(project_name: str, state: dict[str, Any]) -> Iterator[tuple[str, Record]]:
    """A state without resources is what a destroy leaves."""
    if state.get("resources"):
        yield project_name, state["outputs"].get("preview", {}).get("value")
