"""The LocalStack edge: the service `eks`. Moto has clusters and node groups, without access, add-ons and identities."""

from localstack.aws.connect import connect_to
from localstack.services.plugins import Service, aws_provider

from localcloud.plugins.eks.account import Account
from localcloud.plugins.own import Operations, own_service


@aws_provider(api="eks")
def service() -> Service:
    """Make the service."""
    return own_service("eks", _operations)


def _operations(account: str, region: str) -> Operations:
    ec2 = connect_to(aws_access_key_id=account, region_name=region).ec2

    def vpc_of(subnets: list[str]) -> str:
        return str(ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"])

    return Account(account, region, vpc_of).operations()
