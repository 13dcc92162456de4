"""Where `datavault verify` looks: the buckets, or a folder that holds a copy of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from pathlib import Path

from botocore.exceptions import ClientError

from ..edges import s3
from ..edges.clients import client
from ..edges.listing import describe, version_folders, versions
from ..seal import digest
from ..verify import Listed

_AT_ONCE = 16


class Buckets:
    """Processed and quarantine bucket. `is_deep`: hashes the bytes, and does not take S3's word for the checksum."""

    def __init__(self, processed: str, quarantine: str, *, is_deep: bool) -> None:
        client("s3")  # made here: botocore's session is not safe to make clients from threads
        self._processed = processed
        self._quarantine = quarantine
        self._is_deep = is_deep

    def folders(self, prefix: str) -> list[str]:
        return version_folders(self._bucket(prefix), prefix)

    def listed(self, prefix: str) -> Iterator[Listed]:
        found: dict[str, list[bool]] = defaultdict(list)
        there: set[str] = set()
        for version in versions(self._bucket(prefix), prefix):
            found[version.key].append(version.is_marker)
            if version.is_latest and not version.is_marker:
                there.add(version.key)
        for key in sorted(found):
            yield Listed(key, found[key].count(False), found[key].count(True), key in there)

    def bodies(self, keys: Sequence[str]) -> Iterable[bytes | None]:
        return _side_by_side(self._read, keys)

    def digests(self, keys: Sequence[str]) -> Iterable[str | None]:
        return _side_by_side(self._hash if self._is_deep else self._ask, keys)

    def _bucket(self, key: str) -> str:
        return self._quarantine if key.startswith("quarantine/") else self._processed

    def _read(self, key: str) -> bytes | None:
        try:
            return s3.read(self._bucket(key), key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def _hash(self, key: str) -> str | None:
        body = self._read(key)
        return None if body is None else digest(body)

    def _ask(self, key: str) -> str | None:
        found = describe(self._bucket(key), key)
        return None if found is None else found.sha256


class Folder:
    """A copy of both buckets in one folder, as `aws s3 sync` makes it. It has no versions."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folders(self, prefix: str) -> list[str]:
        folder = self._root / prefix
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def listed(self, prefix: str) -> Iterator[Listed]:
        for path in sorted((self._root / prefix).rglob("*")):
            if path.is_file():
                yield Listed(path.relative_to(self._root).as_posix(), versions=1, markers=0, is_there=True)

    def bodies(self, keys: Sequence[str]) -> Iterable[bytes | None]:
        return map(self._read, keys)

    def digests(self, keys: Sequence[str]) -> Iterable[str | None]:
        return (None if body is None else digest(body) for body in self.bodies(keys))

    def _read(self, key: str) -> bytes | None:
        path = self._root / key
        return path.read_bytes() if path.is_file() else None


def _side_by_side[Answer](ask: Callable[[str], Answer], keys: Sequence[str]) -> Iterator[Answer]:
    """Many requests at once, few answers in memory."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for some in batched(keys, 4 * _AT_ONCE, strict=False):
            yield from pool.map(ask, some)
