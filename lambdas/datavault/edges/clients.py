"""botocore clients, made on first use: a client costs more than everything else in a cold start.

Not boto3's: it would import a transfer manager, which no function uses, with every S3 client.
"""

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session


@cache
def client(service: str, role_arn: str = "") -> "BaseClient | Any":
    """The client of a service, with the endpoint, Region and credentials of the environment, or as another role."""
    # botocore tells at INFO where it found its credentials, in every cold start.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    from botocore.config import Config  # noqa: PLC0415  importing it takes longer than answering a message

    # Standard retries back off with jitter on throttling, 5xx and lost connections; the read time-out is below the
    # shortest function's time-out, so that a stuck call is tried again before the function ends.
    config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)
    return _session().create_client(service, config=config, **(_session_keys(role_arn) if role_arn else {}))


@cache
def _session() -> "Session":
    from botocore.session import get_session  # noqa: PLC0415

    return get_session()


def _session_keys(role_arn: str) -> dict[str, str]:
    """Keys of the role, for the hour that STS gives a session by default."""
    keys = client("sts").assume_role(RoleArn=role_arn, RoleSessionName="datavault")["Credentials"]
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    return {ours: keys[theirs] for ours, theirs in names.items()}
