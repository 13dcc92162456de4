"""LocalStack's Lambda service with what it forgets of functions: the key of their variables, code signing, weights.

Without the first two Terraform finds them missing, and every plan wants to set them again. Signatures are not checked:
nothing makes one.
"""

import dataclasses
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.lambda_ import ResourceNotFoundException
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
        self._signing_tags: dict[str, dict[str, str]] = {}  # by the ARN of a code signing configuration
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
        created = super().create_function(context, request)
        if signing := request.get("CodeSigningConfigArn"):
            self.put_function_code_signing_config(context, signing, request["FunctionName"])
        return created

    @handler("UpdateFunctionConfiguration", expand=False)
    def update_function_configuration(self, context: RequestContext, request: dict[str, Any]) -> Any:
        if "KMSKeyArn" in request:
            self._keys[_arn(context, request)] = request["KMSKeyArn"]
        return super().update_function_configuration(context, request)

    @handler("UpdateAlias", expand=False)
    def update_alias(self, context: RequestContext, request: dict[str, Any]) -> Any:
        """Take weights, which LocalStack answers with an internal error, and refuse a version that is not there."""
        name, account, region = _named(context, request)
        function = self._get_function(name, account, region)
        weights = (request.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        old = function.aliases.get(request["Name"])
        version = request.get("FunctionVersion") or (old.function_version if old else "$LATEST")
        for wanted in (version, *weights):
            if wanted not in function.versions:
                arn = api_utils.qualified_lambda_arn(name, wanted, account, region)
                raise ResourceNotFoundException(f"Function not found: {arn}", Type="User")
        routing = self._create_routing_config_model(weights, function.versions[version]) if weights else None
        settings = {
            parameter: request[member]
            for parameter, member in (
                ("function_version", "FunctionVersion"),
                ("description", "Description"),
                ("revision_id", "RevisionId"),
            )
            if member in request
        }
        if "RoutingConfig" in request:
            settings["routing_config"] = {}
        answer = super().update_alias(context, request["FunctionName"], request["Name"], **settings)
        if routing is None:
            return answer
        alias = dataclasses.replace(function.aliases[request["Name"]], routing_configuration=routing)
        function.aliases[request["Name"]] = alias
        return api_utils.map_alias_out(alias=alias, function=function)

    @handler("CreateCodeSigningConfig", expand=False)
    def create_code_signing_config(self, context: RequestContext, request: dict[str, Any]) -> Any:
        created = super().create_code_signing_config(
            context, request["AllowedPublishers"], request.get("Description"), request.get("CodeSigningPolicies")
        )
        self._signing_tags[created["CodeSigningConfig"]["CodeSigningConfigArn"]] = dict(request.get("Tags") or {})
        return created

    @handler("ListTags", expand=False)
    def list_tags(self, context: RequestContext, request: dict[str, Any]) -> Any:
        tags = self._signing_tags.get(request["Resource"])
        return super().list_tags(context, request["Resource"]) if tags is None else {"Tags": tags}

    @handler("TagResource", expand=False)
    def tag_resource(self, context: RequestContext, request: dict[str, Any]) -> None:
        tags = self._signing_tags.get(request["Resource"])
        if tags is None:
            super().tag_resource(context, request["Resource"], request["Tags"])
        else:
            tags.update(request["Tags"])

    @handler("UntagResource", expand=False)
    def untag_resource(self, context: RequestContext, request: dict[str, Any]) -> None:
        tags = self._signing_tags.get(request["Resource"])
        if tags is None:
            super().untag_resource(context, request["Resource"], request["TagKeys"])
        else:
            for key in request["TagKeys"]:
                tags.pop(key, None)


def _arn(context: RequestContext, request: dict[str, Any]) -> str:
    return str(api_utils.unqualified_lambda_arn(*_named(context, request)))


def _named(context: RequestContext, request: dict[str, Any]) -> tuple[str, str, str]:
    """Return the function's name, account and Region; a request may name it by an ARN."""
    account, region = api_utils.get_account_and_region(request["FunctionName"], context)
    return api_utils.get_function_name(request["FunctionName"], context), account, region
