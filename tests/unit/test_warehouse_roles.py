"""Who may do what in the warehouse."""

import msgspec

from datavault.contract import Contract, Field
from datavault.warehouse_roles import ROLES, grants, missing_accounts

from .support import column, make_contract

LINEAGE = "_object_id, _line, _chunk_id, _received_at"


def classified(**classifications: str) -> Contract:
    fields = tuple(Field(name, "string") for name in classifications)
    columns = tuple(
        msgspec.structs.replace(column(field), classification=classifications[field.name]) for field in fields
    )
    return make_contract(fields, columns=columns)


def test_roles_users_and_memberships_are_made_once() -> None:
    wanted = {"loader": "acme-loader", "reader": "acme-reader"}
    made = missing_accounts(wanted, {"analyst", "auditor"}, {"IAMR:acme-reader"}, {("reader", "IAMR:acme-reader")})
    assert made == [
        'CREATE ROLE "loader"',
        'CREATE ROLE "reader"',
        'CREATE USER "IAMR:acme-loader" PASSWORD DISABLE',
        'GRANT ROLE "loader" TO "IAMR:acme-loader"',
    ]
    users, members = {"IAMR:acme-loader", "IAMR:acme-reader"}, {(role, f"IAMR:acme-{role}") for role in wanted}
    assert missing_accounts(wanted, ROLES, users, members) == []


def test_a_user_that_plays_another_role_gets_the_new_one() -> None:
    made = missing_accounts({"loader": "one"}, ROLES, {"IAMR:one"}, {("reader", "IAMR:one")})
    assert made == ['GRANT ROLE "loader" TO "IAMR:one"']


def test_only_the_loader_writes_and_nobody_makes_tables() -> None:
    found = grants("db", [classified(a="internal")])
    assert found[:3] == [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        'REVOKE TEMP ON DATABASE "db" FROM PUBLIC',
        'GRANT TEMP ON DATABASE "db" TO ROLE loader',
    ]
    writing = [sql for sql in found if any(word in sql for word in ("INSERT", "UPDATE", "DELETE", "CREATE"))][1:]
    assert writing == [
        "GRANT SELECT, INSERT, UPDATE ON datavault.ledger TO ROLE loader",
        'GRANT SELECT, INSERT, DELETE ON public."books" TO ROLE loader',
    ]
    assert 'GRANT SELECT ON public."books" TO ROLE analyst' in found


def test_the_reader_sees_what_is_public_or_internal_and_loses_what_no_longer_is() -> None:
    contract = classified(a="public", b="internal", c="confidential", d="restricted", e="")
    assert grants("db", [contract])[-2:] == [
        f'GRANT SELECT ("a", "b", {LINEAGE}) ON public."books" TO ROLE reader',
        'REVOKE SELECT ("c", "d", "e", _source) ON public."books" FROM ROLE reader',
    ]
