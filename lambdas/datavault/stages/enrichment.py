"""The enrichment's work on one chunk: the dataset's SQL, then one Parquet object, written once."""

import msgspec

from ..contract import Contracts
from ..edges import s3
from ..enrich import Enrichers
from ..identity import COLUMNS_METADATA, parquet_key


class Written(msgspec.Struct, frozen=True):
    """A Parquet object that is in the processed bucket."""

    dataset: str
    object_id: str
    key: str
    rows: int
    is_conflict: bool


def enrich_chunk(chunk: bytes, enrichers: Enrichers, contracts: Contracts, processed_bucket: str) -> Written:
    """Enrich one chunk.

    Raises
    ------
    FrameError, EnrichmentError, UnknownDatasetError
        The chunk cannot be enriched; trying again will not help.
    """
    parquet = enrichers.enrich(chunk)
    header = parquet.header
    key = parquet_key(header.dataset, header.date, header.id)
    contract = contracts.get(header.dataset)
    put = s3.put_once(
        processed_bucket,
        key,
        parquet.data,
        tags=contract.tags,
        metadata={COLUMNS_METADATA: str(parquet.columns)},
    )
    return Written(header.dataset, header.objectid, key, header.records, put is s3.Put.DIFFERENT)
