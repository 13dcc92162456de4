"""The LocalStack edge: the service `vpc-lattice`. Moto makes half of it and deletes none."""

from localstack.services.plugins import Service, aws_provider

from localcloud.plugins.lattice.account import Account
from localcloud.plugins.own import own_service


@aws_provider(api="vpc-lattice")
def service() -> Service:
    """Make the service."""
    return own_service("vpc-lattice", lambda account, region: Account(account, region).operations())
