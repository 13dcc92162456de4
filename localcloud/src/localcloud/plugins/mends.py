"""Repairs of LocalStack 2026.3, the last release: nobody else will make them. Each says what goes wrong without it."""

import functools
import tempfile
from pathlib import Path
from types import SimpleNamespace

from localstack.aws.protocol import service_router
from localstack.aws.spec import ServiceModelIdentifier
from localstack.runtime.server import twisted as gateway_server
from localstack.services.lambda_.event_source_mapping import esm_worker
from localstack.services.s3 import provider as s3_provider
from localstack.services.sqs import constants as sqs_constants
from twisted.internet import endpoints

from localcloud.plugins import cloudformation, cloudwatch, embedded_metrics, network, queries

# Pause between two polls of an event source mapping. LocalStack's setting takes whole seconds only, so that each hop
# from queue or stream to function costs up to one. AWS polls a shard four times a second at most.
POLL_SECONDS = 0.25


def apply() -> None:
    """Apply all of them, once, before the first request."""
    # The gateway listens on every interface, whatever host GATEWAY_LISTEN names: the whole network could run code here.
    gateway_server.endpoints = SimpleNamespace(
        TCP4ServerEndpoint=functools.partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1"),
        TCP6ServerEndpoint=endpoints.TCP6ServerEndpoint,
    )
    # Deleting a redrive-allow policy sets it to "", which SQS takes as "remove" and LocalStack keeps as a value:
    # terraform destroy waits for its disappearance, for minutes.
    sqs_constants.DELETE_IF_DEFAULT["RedriveAllowPolicy"] = ""
    # One folder in /tmp for all instances of a machine: the objects of two local clouds would meet there.
    s3_provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir(), "s3"))
    esm_worker.LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC = POLL_SECONDS
    esm_worker.LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC = 1
    cloudformation.mend()
    cloudwatch.mend()
    embedded_metrics.mend()
    network.mend()
    queries.mend()
    # Some paths of Signer look like buckets, and would go to S3.
    service_router.signing_name_path_prefix_rules["signer"] = {"*": ServiceModelIdentifier("signer")}
