"""What a plan of an upgrade must not do."""

from typing import Any

# Whoever destroys one of these destroys data, or what opens it, or what is on its way.
HOLDS_DATA = frozenset(
    {
        "aws_ecr_repository",
        "aws_kinesis_stream",
        "aws_kms_key",
        "aws_redshiftserverless_namespace",
        "aws_redshiftserverless_workgroup",
        "aws_s3_bucket",
        "aws_secretsmanager_secret",
        "aws_secretsmanager_secret_version",
        "aws_sqs_queue",
    }
)


def lost(shown: dict[str, Any]) -> list[str]:
    """The addresses of what holds data and would be destroyed or replaced."""
    return [
        change["address"]
        for change in shown["resource_changes"]
        if change["type"] in HOLDS_DATA and "delete" in change["change"]["actions"]
    ]
