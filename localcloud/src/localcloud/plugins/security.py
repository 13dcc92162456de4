"""Services of moto's that watch data and sign code: GuardDuty, Macie, Signer, with what moto leaves out of them."""

from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider
from moto.guardduty.models import guardduty_backends
from moto.macie2.models import MacieBackend, macie2_backends

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
    """Make the service; hooks.py leads its requests here."""
    return borrow("signer", {})


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
