"""LocalStack's Lambda service with what it forgets: the key that encrypts a function's environment variables.

It is not kept, so that Terraform finds it missing and every plan wants to set it again.
"""

from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.lambda_ import api_utils
from localstack.services.lambda_.provider import LambdaProvider
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="lambda", name="localcloud")
def service() -> Service:
    """Make the service. PROVIDER_OVERRIDE_LAMBDA=localcloud chooses it."""
    return Service.for_provider(Provider())


class Provider(LambdaProvider):
    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, str] = {}  # by the function's unqualified ARN
        describe = api_utils.map_config_out  # makes the description of a function in every answer

        def describe_with_key(version: Any, *args: Any, **settings: Any) -> Any:
            description = describe(version, *args, **settings)
            if key := self._keys.get(version.id.unqualified_arn()):
                description["KMSKeyArn"] = key
            return description

        api_utils.map_config_out = describe_with_key

    @handler("CreateFunction", expand=False)
    def create_function(self, context: RequestContext, request: dict[str, Any]) -> Any:
        # A function of that name may have had a key, and have been deleted.
        self._keys[_arn(context, request)] = request.get("KMSKeyArn", "")
        return super().create_function(context, request)

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(self, context: RequestContext, request: dict[str, Any]) -> Any:
        if "KMSKeyArn" in request:
            self._keys[_arn(context, request)] = request["KMSKeyArn"]
        return super().update_function_configuration(context, request)


def _arn(context: RequestContext, request: dict[str, Any]) -> str:
    account, region = api_utils.get_account_and_region(request["FunctionName"], context)
    name = api_utils.get_function_name(request["FunctionName"], context)
    return str(api_utils.unqualified_lambda_arn(name, account, region))
