"""A real PostgreSQL from the wheel, on a free port, for the tests of the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from warehouse_support import ROLE, Client, FolderObjects, free_port

from localcloud_warehouse import database, server
from localcloud_warehouse.api import Target
from localcloud_warehouse.copy import CopyContext
from localcloud_warehouse.dataapi import DataApi
from localcloud_warehouse.session import Session


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    state = tmp_path_factory.mktemp("state")
    running = server.start(state, free_port())
    yield running
    server.remove(state)


@pytest.fixture(scope="session")
def template(warehouse: server.Server) -> str:
    """A prepared database to copy: far faster than preparing one per test."""
    return database.create_for_namespace(warehouse.dsn, "template", "template")


@pytest.fixture
def dsn(warehouse: server.Server, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of the test's own."""
    name = sql.Identifier(f"test_{abs(hash(request.node.nodeid)):x}")
    with psycopg.connect(warehouse.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template)))
        yield make_conninfo(warehouse.dsn, dbname=name.as_string(connection).strip('"'))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    (tmp_path / "data").mkdir()
    return FolderObjects(tmp_path)


@pytest.fixture
def copy_context(objects: FolderObjects) -> CopyContext:
    return CopyContext(objects, lambda: frozenset({ROLE}), lambda: ROLE)


@pytest.fixture
def session(dsn: str, copy_context: CopyContext) -> Iterator[Session]:
    with Session(dsn, copy_context) as opened:
        yield opened


@pytest.fixture
def client(dsn: str, copy_context: CopyContext) -> Client:
    return Client(DataApi(lambda _: Target(dsn, server.USER, copy_context), workers=4))
