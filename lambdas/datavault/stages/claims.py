"""Claims in the processed bucket: begin an object once, and go on with it under the contract that began it."""

from functools import cache

import msgspec

from ..claim import CUTTER, Claim, archived, claim, decode
from ..contract import Contract
from ..edges import s3
from ..identity import UNKNOWN_DATASET, RawObject, archived_contract_key, claim_key


class CutterError(Exception):
    """An object was begun by a version of DataVault that may cut other chunks (runbook processor-dlq)."""


class Begun(msgspec.Struct, frozen=True):
    """`claim` is the one that counts, `is_first` says that this attempt made it: nothing of the object can be there."""

    claim: Claim
    is_first: bool


def begin(raw: RawObject, contract: Contract | None, bucket: str) -> Begun:
    """Claim an object for a contract, or find the claim that an earlier attempt made."""
    mine = claim(raw, contract)
    if contract is not None:
        _archive(bucket, contract)
    key = claim_key(raw.date, raw.id)
    match s3.put_once(bucket, key, mine.encode(), tags=tags(contract)):
        case s3.Put.WRITTEN:
            return Begun(mine, is_first=True)
        case s3.Put.PRESENT:
            return Begun(mine, is_first=False)
    return Begun(decode(s3.read(bucket, key)), is_first=False)


def claimed_contract(begun: Claim, current: Contract | None, bucket: str) -> Contract | None:
    """The contract of a claim: the current one, or the archived one that it names.

    Raises
    ------
    CutterError
        The claim was made with another compressor: the chunks that are sent already may be cut differently.
    """
    if begun.cutter != CUTTER:
        raise CutterError(f"object {begun.object_id} was begun with {begun.cutter}, this is {CUTTER}")
    if not begun.contract_digest:
        return None
    if current is not None and archived(current)[0] == begun.contract_digest:
        return current
    body = s3.read(bucket, archived_contract_key(begun.dataset, begun.contract_digest))
    return msgspec.json.decode(body, type=Contract)


# Nobody has classified a dataset that no contract describes: it is treated as the most sensitive.
_UNKNOWN_TAGS = {"dataset": UNKNOWN_DATASET, "classification": "restricted"}


def tags(contract: Contract | None) -> dict[str, str]:
    return contract.tags if contract else _UNKNOWN_TAGS


def raw_tags(contract: Contract | None) -> dict[str, str]:
    return contract.raw_tags if contract else _UNKNOWN_TAGS


@cache
def _archive(bucket: str, contract: Contract) -> None:
    """Keep the contract for those that must go on under it; once in a process, as it is in the zip all the while."""
    digest, body = archived(contract)
    s3.put_once(bucket, archived_contract_key(contract.dataset, digest), body, tags=contract.tags)
