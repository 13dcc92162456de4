"""The objects that a COPY reads: those of a manifest, or all below a prefix.

In: the COPY and the store. Out: names and sizes, in order. The rules are those of the Redshift Database Developer
Guide, "Using a manifest to specify data files": `mandatory` defaults to false and a missing file is then skipped in
silence; Parquet needs `meta.content_length`.
"""

import json
from typing import Any

from localcloud_warehouse.copy_command import CopyCommand
from localcloud_warehouse.errors import WarehouseError, detailed, spectrum_error
from localcloud_warehouse.objects import ObjectName, Objects

Source = tuple[ObjectName, int]


def sources(command: CopyCommand, objects: Objects, region: str) -> list[Source]:
    """Return what to read.

    Raises
    ------
    WarehouseError
        The manifest or a mandatory object is missing, malformed, or not of the size that it says.
    """
    place = ObjectName.parse(command.source)
    if place is None:
        raise WarehouseError(f"Invalid S3 path {command.source}")
    if "MANIFEST" not in command.options:
        found = [(ObjectName(place.bucket, key), size) for key, size in objects.list(place.bucket, place.key) if size]
        if not found:
            raise WarehouseError(f"The specified S3 prefix '{place.key}' does not exist")
        return found
    text = objects.read(place)
    if text is None:
        raise detailed(
            "Problem reading manifest file - S3ServiceException:The specified key does not exist.,Status 404,"
            "Error NoSuchKey",
            8001,
            command.source,
            "s3_utility.cpp:284",
        )
    listed = [_entry(entry, objects, region) for entry in _entries(text)]
    return [source for source in listed if source]


def _entries(text: bytes) -> list[Any]:
    try:
        entries = json.loads(text)["entries"]
    except (ValueError, KeyError, TypeError):
        raise _malformed("Parsed manifest is not a valid JSON object.") from None
    if not isinstance(entries, list) or not entries:
        raise _malformed("Manifest file contains no entries.")
    return entries


def _entry(entry: Any, objects: Objects, region: str) -> Source | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise WarehouseError("Mandatory url is not present in manifest file.")
    name = ObjectName.parse(entry["url"])
    if name is None:
        raise WarehouseError(f"Invalid S3 path {entry['url']}")
    meta = entry.get("meta")
    if not isinstance(meta, dict):
        raise _malformed("File entry does not have 'meta' key.")
    expected = meta.get("content_length")
    if not isinstance(expected, int):
        raise _malformed("File entry does not have 'content_length' key.")
    size = objects.size(name)
    if size is None:
        if entry.get("mandatory", False):
            raise spectrum_error(f"File not found: {name.https(region)}", 15001)
        return None
    if expected > size:
        raise spectrum_error(
            "HTTP response error code: 416 Message: InvalidRange The requested range is not satisfiable", 15001
        )
    if expected < size:
        # The footer is sought where the file is said to end.
        raise spectrum_error(
            f"File '{name.https(region)}' has an invalid version number: content_length is {expected}, not {size}"
        )
    return name, size


def _malformed(message: str) -> WarehouseError:
    return detailed(message, 15003, "", "spectrum_manifest.cpp:204")
