"""Services of moto's that watch data and sign code: GuardDuty, Macie, Signer, with what moto leaves out of them."""

import uuid
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.connect import connect_to
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider
from moto.guardduty.models import guardduty_backends
from moto.macie2.models import MacieBackend, macie2_backends
from moto.signer.models import signer_backends

from localcloud.plugins.borrowed import borrow


@aws_provider(api="guardduty")
def guardduty() -> Service:
    """Make the service."""
    return borrow("guardduty", {"UpdateDetector": _update_detector})


@aws_provider(api="macie2")
def macie() -> Service:
    """Make the service. Moto's accounts are born with Macie on."""
    initialise = MacieBackend.__init__

    def off(backend: Any, *arguments: Any, **settings: Any) -> None:
        initialise(backend, *arguments, **settings)
        backend.macie_session = None

    MacieBackend.__init__ = off
    return borrow("macie2", {"GetMacieSession": _macie_session, "UpdateMacieSession": _update_macie})


@aws_provider(api="signer")
def signer() -> Service:
    """Make the service; hooks.py leads its requests here. Moto signs nothing."""
    jobs: dict[str, dict[str, Any]] = {}

    def start(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        job = _sign(context, request)
        jobs[job["jobId"]] = job
        return {"jobId": job["jobId"], "jobOwner": context.account_id}

    def describe(_: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        if request["jobId"] not in jobs:
            raise CommonServiceException("ResourceNotFoundException", "There is no such job.", status_code=404)
        return jobs[request["jobId"]]

    return borrow("signer", {"StartSigningJob": start, "DescribeSigningJob": describe})


def _sign(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
    """Copy the object to where the signed one belongs: the zip stays as it is, for nothing here checks it."""
    source, target = request["source"]["s3"], request["destination"]["s3"]
    identifier = str(uuid.uuid4())
    signed = {"bucketName": target["bucketName"], "key": f"{target.get('prefix', '')}{identifier}.zip"}
    s3 = connect_to(aws_access_key_id=context.account_id, region_name=context.region).s3
    s3.copy_object(
        Bucket=signed["bucketName"],
        Key=signed["key"],
        CopySource={"Bucket": source["bucketName"], "Key": source["key"], "VersionId": source["version"]},
    )
    profile = signer_backends[context.account_id][context.region].get_signing_profile(request["profileName"])
    now = datetime.now(UTC)
    return {
        "jobId": identifier,
        "source": request["source"],
        "signedObject": {"s3": signed},
        "platformId": profile.platform_id,
        "platformDisplayName": "AWS Lambda",
        "profileName": profile.name,
        "profileVersion": profile.profile_version,
        "createdAt": now,
        "completedAt": now,
        "status": "Succeeded",
        "jobOwner": context.account_id,
        "jobInvoker": context.account_id,
        "requestedBy": context.account_id,
    }


def _update_detector(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
    """Change the features that are named, as AWS does: moto forgets the others."""
    detector = guardduty_backends[context.account_id][context.region].detectors.get(request["DetectorId"])
    known = {feature["name"]: feature for feature in detector.features} if detector else {}
    answer = dict(call_moto(context))
    if detector:
        detector.features = list((known | {feature["name"]: feature for feature in detector.features}).values())
    return answer


def _macie_session(context: RequestContext, _: dict[str, Any]) -> dict[str, Any]:
    """Refuse in AWS's words where Macie is off, which Terraform reads to know that it is."""
    _session(context)
    return dict(call_moto(context))


def _update_macie(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
    """Change what is given; moto does not offer it."""
    _session(context).update(request, updatedAt=datetime.now(UTC))
    return {}


def _session(context: RequestContext) -> dict[str, Any]:
    session: dict[str, Any] | None = macie2_backends[context.account_id][context.region].macie_session
    if session is None:
        raise CommonServiceException("AccessDeniedException", "Macie is not enabled.", status_code=403)
    return session
