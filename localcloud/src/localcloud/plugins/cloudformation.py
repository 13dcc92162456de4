"""What LocalStack's CloudFormation leaves out in silence: a type that it does not know, and properties of others."""

import json
from typing import Any, ClassVar

from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)
from localstack.services.iam.resource_providers.aws_iam_role import IAMRoleProvider
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider

_TYPE = "AWS::IAM::OIDCProvider"


class OidcProvider(ResourceProvider[Any]):
    TYPE = _TYPE
    SCHEMA: ClassVar[dict[str, Any]] = {
        "typeName": _TYPE,
        "primaryIdentifier": ["/properties/Arn"],
        "readOnlyProperties": ["/properties/Arn"],
        "properties": {"Url": {}, "ClientIdList": {}, "ThumbprintList": {}, "Tags": {}, "Arn": {}},
    }

    def create(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        model = request.desired_state
        answer = request.aws_client_factory.iam.create_open_id_connect_provider(
            Url=model["Url"],
            ClientIDList=model.get("ClientIdList", []),
            # IAM takes the certificate's thumbprint itself where none is given; moto wants one.
            ThumbprintList=model.get("ThumbprintList") or ["0" * 40],
            Tags=model.get("Tags", []),
        )
        return _done({**model, "Arn": answer["OpenIDConnectProviderArn"]})

    def read(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        arn = request.desired_state["Arn"]
        answer = request.aws_client_factory.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        return _done({"Arn": arn, "Url": answer["Url"], "ClientIdList": answer["ClientIDList"]})

    def update(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        # Url is the only property that cannot change, and CloudFormation then makes another.
        return _done({**request.desired_state, "Arn": request.previous_state["Arn"]})

    def delete(self, request: ResourceRequest[Any]) -> ProgressEvent[Any]:
        iam = request.aws_client_factory.iam
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=request.desired_state["Arn"])
        return _done({})


class OidcProviderPlugin(CloudFormationResourceProviderPlugin):
    name = _TYPE

    def load(self) -> None:
        self.factory = OidcProvider


def _done(model: dict[str, Any]) -> ProgressEvent[Any]:
    return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model)


def mend() -> None:
    """Take what AWS takes and does with these properties."""
    IAMRoleProvider.create = _with_parsed_trust(IAMRoleProvider.create)
    S3BucketProvider.create = _with_settings(S3BucketProvider.create)


def _with_parsed_trust(create: Any) -> Any:
    """A trust policy may be a text: the only form in which an issuer's name can be part of a key."""

    def create_role(self: Any, request: Any) -> Any:
        trust = request.desired_state["AssumeRolePolicyDocument"]
        if isinstance(trust, str):
            request.desired_state["AssumeRolePolicyDocument"] = json.loads(trust)
        return create(self, request)

    return create_role


def _with_settings(create: Any) -> Any:
    """Encryption, public access and logging, which LocalStack's provider passes over (and lifecycle, still)."""

    def create_bucket(self: Any, request: Any) -> Any:
        event = create(self, request)
        if event.status == OperationStatus.SUCCESS:
            _put_settings(request.aws_client_factory.s3, event.resource_model)
        return event

    return create_bucket


def _put_settings(s3: Any, model: dict[str, Any]) -> None:
    bucket = model["BucketName"]
    if encryption := model.get("BucketEncryption"):
        rules = [
            {
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            }
            for rule in encryption["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    if access := model.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=access)
    if logging := model.get("LoggingConfiguration"):
        target = {"TargetBucket": logging["DestinationBucketName"], "TargetPrefix": logging.get("LogFilePrefix", "")}
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})
