"""Databases of the PostgreSQL cluster: one per namespace of Redshift Serverless.

Which namespace owns which database is written in the database `postgres`, so that it outlives LocalStack: a namespace
that is created again after a restart of the local cloud finds its tables, one that was deleted through the API does
not.
"""

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

_LOCK = 7_310_224_881  # any number: makers of databases wait for one another

_CATALOG = Path(__file__).with_name("catalog.sql")

_REGISTRY = """
CREATE TABLE IF NOT EXISTS public.namespaces (
    name text PRIMARY KEY,
    db_name text NOT NULL,
    database text NOT NULL UNIQUE
)
"""


def prepare_cluster(connection: psycopg.Connection, default_database: str) -> None:
    """Make the registry, and in a new cluster the database of the documented DSN, for the first namespace to take."""
    if connection.execute("SELECT to_regclass('public.namespaces')").fetchone() == (None,):
        _create(connection, default_database)
        connection.execute(_REGISTRY)


def create_for_namespace(dsn: str, namespace: str, db_name: str) -> str:
    """Return the database of a namespace, making it unless it is there; its name is `db_name` where that is free.

    Parameters
    ----------
    dsn
        The server's, of a superuser.
    """
    with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        known = connection.execute(
            "SELECT database FROM namespaces WHERE name = %s AND db_name = %s", (namespace, db_name)
        ).fetchone()
        if known:
            return str(known[0])
        _drop(connection, namespace)
        taken = {row[0] for row in connection.execute("SELECT database FROM namespaces")} | {
            "postgres",
            "template0",
            "template1",
        }
        database = db_name if db_name not in taken else f"{db_name}@{namespace}"
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            _create(connection, database)
        connection.execute("INSERT INTO namespaces VALUES (%s, %s, %s)", (namespace, db_name, database))
        return database


def drop_for_namespace(dsn: str, namespace: str) -> None:
    """Drop the database of a namespace with all that is in it, ending the sessions that use it."""
    with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        _drop(connection, namespace)


def ensure_user(dsn: str, name: str, *, password: str | None = None, superuser: bool = False) -> None:
    """Make a database user, as Redshift does for an IAM identity's first call; one that exists gets the password."""
    with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        verb = (
            "ALTER" if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() else "CREATE"
        )
        if verb == "ALTER" and password is None:
            return
        statement = sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(
            sql.SQL(verb),
            sql.Identifier(name),
            sql.SQL("SUPERUSER" if superuser else "NOSUPERUSER"),
            sql.Literal(password),
        )
        connection.execute(statement)


def _drop(connection: psycopg.Connection, namespace: str) -> None:
    known = connection.execute("DELETE FROM namespaces WHERE name = %s RETURNING database", (namespace,)).fetchone()
    if known:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(known[0])))


def _create(connection: psycopg.Connection, database: str) -> None:
    # Built under another name and renamed when complete: an interrupted one is not taken for a database.
    building = f"{database}.new"
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(building)))
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(building)))
    with psycopg.connect(
        make_conninfo(connection.info.dsn, password=connection.info.password, dbname=building), autocommit=True
    ) as new:
        new.execute(_CATALOG.read_bytes())
    connection.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(database))
    )
