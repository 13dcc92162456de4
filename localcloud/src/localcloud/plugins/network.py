"""What LocalStack's EC2 forgets of a VPC, so that every plan of Terraform would want to set it again."""

import functools
import inspect
from typing import Any

from localstack.services.ec2.provider import Ec2Provider
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule


def mend() -> None:
    """Answer with what was given."""
    Ec2Provider.describe_vpc_endpoints = _with_whole_policy(Ec2Provider.describe_vpc_endpoints)
    # Moto looks for a rule's description at its address range alone.
    SecurityGroupRule.__init__ = _keeping_prefix_list(SecurityGroupRule.__init__)
    SecurityGroupRule.description = property(_description)


def _with_whole_policy(describe: Any) -> Any:
    @functools.wraps(describe)  # what marks it as an operation's handler, too
    def describe_vpc_endpoints(self: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        result = describe(self, context, *args, **kwargs)
        backend = ec2_backends[context.account_id][context.region]
        for endpoint in result["VpcEndpoints"]:
            endpoint["PolicyDocument"] = backend.vpc_end_points[endpoint["VpcEndpointId"]].policy_document
        return result

    return describe_vpc_endpoints


def _keeping_prefix_list(initialise: Any) -> Any:
    signature = inspect.signature(initialise)

    @functools.wraps(initialise)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  it takes the other's place
        initialise(self, *args, **kwargs)
        self.localcloud_prefix_list = signature.bind(self, *args, **kwargs).arguments.get("prefix_list_id") or {}

    return __init__


def _description(rule: Any) -> str | None:
    for peer in (rule.ip_range, rule.source_group, rule.localcloud_prefix_list):
        if "Description" in peer:
            return str(peer["Description"])
    return None
