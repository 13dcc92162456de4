"""What a region of an account has of EKS: records of API shape, by kind and name, children under their cluster."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from localcloud.plugins.own import RefusedError

Record = dict[str, Any]


class Store:
    """Records by kind and name; a child's name begins with its cluster's."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, ...], Record] = {}

    def add(self, kind: str, name: tuple[str, ...], record: Record) -> Record:
        """Keep a record, with its times.

        Raises
        ------
        RefusedError
            There is one of that name.
        """
        if (kind, *name) in self._records:
            raise RefusedError("ResourceInUseException", f"{kind} already exists with name {'/'.join(name)}", 409)
        now = datetime.now(UTC)
        self._records[(kind, *name)] = {**record, "createdAt": now, "modifiedAt": now}
        return self._records[(kind, *name)]

    def get(self, kind: str, *name: str) -> Record:
        """Find a record.

        Raises
        ------
        RefusedError
            There is none.
        """
        try:
            return self._records[(kind, *name)]
        except KeyError:
            raise RefusedError("ResourceNotFoundException", f"No {kind} found for {'/'.join(name)}.", 404) from None

    def change(self, kind: str, *name: str, **changes: Any) -> Record:
        """Set what is given, and leave what is None."""
        record = self.get(kind, *name)
        record |= {key: value for key, value in changes.items() if value is not None}
        record["modifiedAt"] = datetime.now(UTC)
        return record

    def pop(self, kind: str, *name: str) -> Record:
        record = self.get(kind, *name)
        del self._records[(kind, *name)]
        return record

    def under(self, kind: str, *prefix: str) -> list[Record]:
        key = (kind, *prefix)
        return [record for name, record in self._records.items() if name[: len(key)] == key]

    def every(self) -> Iterator[Record]:
        yield from self._records.values()
