"""The compiled contract: what the pipeline knows of one dataset.

`datavault.authoring.odcs` compiles it from the YAML when the zips are packaged; the functions only ever read the
compiled JSON, so no Lambda carries a YAML parser. Pure: no I/O beyond reading the file named.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

type Scalar = str | int | float | bool
FieldType = Literal[
    "string", "integer", "number", "decimal", "boolean", "date", "timestamp", "object", "array"
]  # fmt: skip


class Field(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One property of a schema object, in the contract's own words.

    `minimum` and `maximum` of dates and timestamps are ISO 8601 strings; lengths are in characters.
    """

    name: str
    type: FieldType
    required: bool = False
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    exclusive_minimum: float | int | str | None = None
    exclusive_maximum: float | int | str | None = None
    multiple_of: float | int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: tuple[Scalar, ...] = ()
    bits: Literal[16, 32, 64] = 64
    precision: int = 0
    scale: int = 0
    fields: tuple["Field", ...] = ()
    items: "Field | None" = None
    unique_items: bool = False


class Column(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One column that consumers read: its logical field and how the warehouse stores it.

    `warehouse_type` is a Redshift type in lower case, for example `varchar(80)`, `decimal(12,2)` or `super`.
    """

    field: Field
    warehouse_type: str
    mask: bool = False
    classification: str = ""
    description: str = ""

    @property
    def name(self) -> str:
        return self.field.name


type StorageClass = Literal["STANDARD_IA", "GLACIER_IR"]


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Objects go to a cheaper storage class at the age of `days`."""

    storage_class: StorageClass
    days: int


class CsvOptions(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a CSV file of this dataset is written. A field equal to one of `null_values` is a missing value."""

    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Everything the pipeline needs to know of one dataset."""

    dataset: str
    version: str
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    enrich_sql: str
    references: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    sort_key: tuple[str, ...] = ()
    dist_key: str | None = None  # None: Redshift chooses
    load_mode: Literal["append", "merge"] = "append"
    unknown_fields: Literal["reject", "ignore"] = "reject"
    csv: CsvOptions = CsvOptions()
    max_record_bytes: int = 262_144
    max_object_bytes: int = 1_099_511_627_776
    classification: str = "internal"
    raw_classification: str = "restricted"  # of what producers send, and so of quarantined records
    freshness_seconds: int = 900
    max_bad_share: float | None = None  # of quarantined in all lines; None: any
    on_bad_share: Literal["alarm", "pause"] = "alarm"
    retention_days: int | None = None  # of the Parquet objects; None: for ever
    raw_retention_days: int | None = None  # of raw objects and quarantined records; None: the environment's
    moves: tuple[Move, ...] | None = None  # of the Parquet objects; None: the stack's
    raw_moves: tuple[Move, ...] | None = None  # of raw objects; None: the stack's
    description: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every object that holds this dataset's data as consumers read it."""
        return {"dataset": self.dataset, "classification": self.classification}

    @property
    def raw_tags(self) -> dict[str, str]:
        """The tags of every object that holds its data as producers sent it."""
        return {"dataset": self.dataset, "classification": self.raw_classification}


def version_tuple(version: str) -> tuple[int, ...]:
    """`1.10.0` as (1, 10, 0): versions compare by number."""
    return tuple(int(part) for part in version.split("."))


class UnknownDatasetError(LookupError):
    """No contract describes the dataset."""


class Contracts:
    """The compiled contracts in one folder: `<dataset>.json`, and `reference/<dataset>/<table>.parquet` beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.get = cache(self._read)

    def _read(self, dataset: str) -> Contract:
        if dataset not in self.datasets():
            raise UnknownDatasetError(dataset)
        return msgspec.json.decode((self.folder / f"{dataset}.json").read_bytes(), type=Contract)

    def datasets(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def reference_folder(self, dataset: str) -> Path:
        return self.folder / "reference" / dataset
