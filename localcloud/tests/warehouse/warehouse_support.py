"""What the tests of the warehouse share: S3 as a folder, and a caller of the Data API."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import duckdb

from localcloud_warehouse.dataapi import DataApi
from localcloud_warehouse.objects import ObjectName
from localcloud_warehouse.session import Session

ROLE = "arn:aws:iam::000000000000:role/copy"
DEADLINE_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FolderObjects:
    """S3 as a folder: <root>/<bucket>/<key>."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: ObjectName) -> Path:
        return self.root / name.bucket / name.key

    def size(self, name: ObjectName) -> int | None:
        return self.path(name).stat().st_size if self.path(name).exists() else None

    def read(self, name: ObjectName) -> bytes | None:
        return self.path(name).read_bytes() if self.path(name).exists() else None

    def download(self, name: ObjectName, path: Path) -> None:
        path.write_bytes(self.path(name).read_bytes())

    def list(self, bucket: str, prefix: str) -> list[tuple[str, int]]:
        top = self.root / bucket
        files = [(str(path.relative_to(top)), path.stat().st_size) for path in top.rglob("*") if path.is_file()]
        return sorted(item for item in files if item[0].startswith(prefix))

    # What the tests write with

    def parquet(self, key: str, query: str, options: str = "") -> int:
        """Write a query's rows as s3://data/<key>; return its size."""
        path = self.root / "data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet {options})")
        return path.stat().st_size

    def text(self, key: str, content: str | bytes) -> None:
        path = self.root / "data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def manifest(self, key: str, *entries: dict[str, Any]) -> None:
        self.text(key, json.dumps({"entries": list(entries)}))

    def load(self, query: str, options: str = "") -> None:
        """Make s3://data/m.manifest of one file with these rows."""
        size = self.parquet("file.parquet", query, options)
        self.manifest("m.manifest", entry("file.parquet", size))


def entry(key: str, size: int, **members: Any) -> dict[str, Any]:
    return {"url": f"s3://data/{key}", "mandatory": True, "meta": {"content_length": size}} | members


def rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    """Run a query; return its values without the names of their types."""
    return [
        tuple(None if "isNull" in value else next(iter(value.values())) for value in row)
        for row in session.run(statement).rows
    ]


def value(session: Session, expression: str) -> Any:
    return rows(session, f"SELECT {expression}")[0][0]


class Client:
    """The Data API as a caller uses it: start, poll, read."""

    def __init__(self, api: DataApi) -> None:
        self.api = api

    def wait(self, identifier: str) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            answer = self.api.describe_statement({"Id": identifier})
            if answer["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return answer
            time.sleep(0.005)
        raise TimeoutError(identifier)

    def start(self, *sqls: str, **members: Any) -> str:
        request = {"Database": "d", "WorkgroupName": "w"} | members
        if len(sqls) == 1:
            return str(self.api.execute_statement({"Sql": sqls[0]} | request)["Id"])
        return str(self.api.batch_execute_statement({"Sqls": list(sqls)} | request)["Id"])

    def run(self, *sqls: str, **members: Any) -> dict[str, Any]:
        return self.wait(self.start(*sqls, **members))

    def records(self, identifier: str) -> list[tuple[Any, ...]]:
        answer = self.api.get_statement_result({"Id": identifier})
        return [tuple(None if "isNull" in v else next(iter(v.values())) for v in row) for row in answer["Records"]]
