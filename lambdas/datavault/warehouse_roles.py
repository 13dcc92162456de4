"""Who may do what in the warehouse: database roles, the IAM roles that play them, their grants. Pure: statements out.

    loader    takes chunks into the tables and the ledger
    auditor   reads the ledger
    analyst   reads every table and the ledger
    reader    reads the columns that a contract classifies as public or internal

An IAM role reaches the warehouse as the database user `IAMR:<its name>`. Redshift's CREATE USER, CREATE ROLE and GRANT
ROLE know no IF NOT EXISTS: the catalog is asked first.
"""

# ruff: noqa: S608  names are quoted

from collections.abc import Collection, Iterable, Mapping

from .contract import Contract
from .warehouse_sql import LEDGER, LEDGER_SCHEMA, LINEAGE_TYPES, SCHEMA, quoted, table

ROLES = ("analyst", "auditor", "loader", "reader")
READABLE = frozenset({"public", "internal"})

EXISTING_ROLES = "SELECT role_name FROM svv_roles"
EXISTING_USERS = "SELECT usename FROM pg_user"
EXISTING_MEMBERS = "SELECT role_name, user_name FROM svv_user_grants"


def database_user(iam_role: str) -> str:
    """The user that Redshift makes of an IAM role's name."""
    return f"IAMR:{iam_role}"


def missing_accounts(
    iam_roles: Mapping[str, str],
    roles: Collection[str],
    users: Collection[str],
    members: Collection[tuple[str, str]],
) -> list[str]:
    """Make the roles, the users and the memberships that are not there; `iam_roles` maps a role to its IAM role."""
    wanted = {role: database_user(iam_role) for role, iam_role in sorted(iam_roles.items())}
    return [
        *(f"CREATE ROLE {quoted(role)}" for role in ROLES if role not in roles),
        *(f"CREATE USER {quoted(user)} PASSWORD DISABLE" for user in wanted.values() if user not in users),
        *(
            f"GRANT ROLE {quoted(role)} TO {quoted(user)}"
            for role, user in wanted.items()
            if (role, user) not in members
        ),
    ]


def grants(database: str, contracts: Iterable[Contract]) -> list[str]:
    """Every grant, whether it is there or not: to grant what is granted does nothing."""
    statements = [
        # Redshift lets everybody make tables in public.
        f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM PUBLIC",
        # And everybody temporary ones: into one he could COPY, with the warehouse's role, the columns kept from him.
        f"REVOKE TEMP ON DATABASE {quoted(database)} FROM PUBLIC",
        f"GRANT TEMP ON DATABASE {quoted(database)} TO ROLE loader",
        f"GRANT USAGE ON SCHEMA {LEDGER_SCHEMA} TO ROLE loader, ROLE auditor, ROLE analyst",
        # UPDATE also lets it lock.
        f"GRANT SELECT, INSERT, UPDATE ON {LEDGER} TO ROLE loader",
        f"GRANT SELECT ON {LEDGER} TO ROLE auditor, ROLE analyst",
    ]
    for contract in contracts:
        statements += [
            f"GRANT SELECT, INSERT, DELETE ON {table(contract)} TO ROLE loader",
            f"GRANT SELECT ON {table(contract)} TO ROLE analyst",
            *_reader(contract),
        ]
    return statements


def _reader(contract: Contract) -> list[str]:
    """What a contract no longer lets the reader see is taken away. `_source` is a key that the producer chose."""
    shown = [quoted(column.name) for column in contract.columns if column.classification in READABLE]
    hidden = [quoted(column.name) for column in contract.columns if column.classification not in READABLE]
    shown += [name for name in LINEAGE_TYPES if name != "_source"]
    return [
        f"GRANT SELECT ({', '.join(shown)}) ON {table(contract)} TO ROLE reader",
        f"REVOKE SELECT ({', '.join([*hidden, '_source'])}) ON {table(contract)} FROM ROLE reader",
    ]
