"""Statements that sqlglot does not read well: LOCK, roles and grants, SET, SHOW, VACUUM and others.

In: the text. Out: PostgreSQL's statement, or None for a statement that is not of this kind.
"""

import re
from dataclasses import dataclass

from localcloud_warehouse.errors import not_supported, syntax_error

_NAME = r'(?:"[^"]+"|[\w$]+)'
_QUALIFIED = rf"(?:{_NAME}\.)?{_NAME}"

# Settings of a session that mean the same in both.
_SETTINGS = frozenset({"search_path", "timezone", "statement_timeout", "datestyle"})
# Settings of Redshift alone that change no answer.
_IGNORED_SETTINGS = frozenset({"query_group", "enable_result_cache_for_session"})

_UNSUPPORTED = frozenset(
    [
        "ABORT",
        "BEGIN",
        "CALL",
        "CANCEL",
        "CLOSE",
        "COMMIT",
        "DEALLOCATE",
        "DECLARE",
        "END",
        "EXECUTE",
        "FETCH",
        "PREPARE",
        "ROLLBACK",
        "START",
        "UNLOAD",
        "USE",
    ]
)


@dataclass(frozen=True)
class Command:
    """PostgreSQL's statement."""

    sql: str
    outside_transaction: str = ""


def translate(text: str) -> Command | None:  # noqa: PLR0911  one return per kind of statement
    """Translate the statement if it is one of these."""
    text = re.sub(r"(?:\A(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*)|(?:\s*;\s*\Z)", "", text, flags=re.DOTALL)
    words = text.upper().split(maxsplit=4)[:4] + [""] * 4
    match words[:4]:
        case ["LOCK", *_]:
            return Command(_lock(text))
        case ["GRANT" | "REVOKE", *_]:
            return Command(_grant(text))
        case ["CREATE" | "ALTER" | "DROP", "USER" | "ROLE" | "GROUP", *_]:
            return Command(_account(words[0], words[1], text))
        case ["SET" | "RESET" | "SHOW", *_]:
            return _setting(text)
        case ["ANALYZE", *_]:
            return Command(_one_table(text, "ANALYZE"))
        case ["VACUUM", *_]:
            return Command(_one_table(text, "VACUUM"), outside_transaction="VACUUM")
        case ["CREATE", "SCHEMA", *_]:
            return Command(_schema(text))
        case ["REFRESH" | "DROP", "MATERIALIZED", "VIEW", _]:
            return Command(_lower(text))
        case ["ALTER", "DEFAULT", "PRIVILEGES", _]:
            return Command(_grant(text))
        case [first, *_] if first in _UNSUPPORTED:
            raise not_supported(f"{first} through the Data API")
    return None


def _lock(text: str) -> str:
    """LOCK takes an ACCESS EXCLUSIVE lock in Redshift, and nothing else can be asked for."""
    found = re.fullmatch(rf"lock\s+(?:table\s+)?({_QUALIFIED}(?:\s*,\s*{_QUALIFIED})*)", text, re.IGNORECASE)
    if not found:
        raise syntax_error(text.rsplit(maxsplit=1)[-1])
    return f"LOCK TABLE {found[1].lower()} IN ACCESS EXCLUSIVE MODE"


def _grant(text: str) -> str:
    """Roles and groups are roles in PostgreSQL, and named as such."""
    words = re.sub(r'"[^"]*"', '""', text)
    if re.search(r"\b(datashare|assumerole|model|language|explain|masking|rls|catalog)\b", words, re.IGNORECASE):
        raise not_supported(text[:60])
    text = _lower(text)
    text = re.sub(rf"^(grant|revoke)\s+role\s+({_NAME})", r"\1 \2", text)
    return re.sub(rf"\b(to|from|,)\s+(?:role|group|user)\s+(?={_NAME})", r"\1 ", text)


def _account(verb: str, kind: str, text: str) -> str:
    found = re.fullmatch(rf"\w+\s+\w+\s+(if\s+(?:not\s+)?exists\s+)?({_NAME})(.*)", text, re.IGNORECASE | re.DOTALL)
    if not found:
        raise syntax_error(text.rsplit(maxsplit=1)[-1])
    exists, name, rest = found[1] or "", _lower(found[2]), found[3].strip()
    if exists and verb != "DROP":
        raise syntax_error("exists")
    if verb == "DROP":
        return f"DROP ROLE {exists}{name}"
    if kind == "USER":
        rest = _user_options(rest)
        return f"{verb} ROLE {name} {'LOGIN ' if verb == 'CREATE' else ''}{rest}".strip()
    if verb == "CREATE":
        if rest:
            raise not_supported(f"CREATE {kind} … {rest}")
        return f"CREATE ROLE {name} NOLOGIN"
    change = re.fullmatch(rf"(add|drop)\s+user\s+({_NAME}(?:\s*,\s*{_NAME})*)", rest, re.IGNORECASE)
    if kind != "GROUP" or not change:
        raise not_supported(text[:60])
    return (
        f"GRANT {name} TO {change[2].lower()}"
        if change[1].lower() == "add"
        else f"REVOKE {name} FROM {change[2].lower()}"
    )


def _user_options(rest: str) -> str:
    rest = re.sub(r"\bpassword\s+disable\b", "PASSWORD NULL", rest, flags=re.IGNORECASE)
    rest = re.sub(r"\bno(createuser)\b", "NOSUPERUSER", rest, flags=re.IGNORECASE)
    rest = re.sub(r"\bcreateuser\b", "SUPERUSER", rest, flags=re.IGNORECASE)
    allowed = (
        r"\s*(?:password\s+(?:null|'[^']*')|(?:no)?superuser|(?:no)?createdb|valid\s+until\s+'[^']*'"
        r"|connection\s+limit\s+\w+)\s*"
    )
    if not re.fullmatch(rf"(?:with\s+)?(?:{allowed})*", rest, re.IGNORECASE):
        raise not_supported(f"CREATE USER … {rest}")
    return re.sub(r"connection\s+limit\s+unlimited", "CONNECTION LIMIT -1", rest, flags=re.IGNORECASE)


def _setting(text: str) -> Command | None:
    found = re.fullmatch(r"(set|reset|show)\s+(?:session\s+)?(\w+)\b\s*(.*)", text, re.IGNORECASE | re.DOTALL)
    if not found:
        raise not_supported(text[:60])
    verb, name, rest = found[1].upper(), found[2].lower(), found[3]
    if name in _IGNORED_SETTINGS and verb == "SET":
        return Command("SELECT WHERE false")
    if name not in _SETTINGS:
        raise not_supported(f"{verb} {name}")
    return Command(f"{verb} {name} {rest}".strip())


def _one_table(text: str, verb: str) -> str:
    found = re.fullmatch(rf"{verb}(?:\s+({_QUALIFIED}))?", text, re.IGNORECASE)
    if not found:
        raise not_supported(text[:60])
    return f"{verb} {(found[1] or '').lower()}".strip()


def _schema(text: str) -> str:
    found = re.fullmatch(
        rf"create\s+schema\s+(if\s+not\s+exists\s+)?({_NAME})(\s+authorization\s+{_NAME})?(\s+quota\s+.*)?",
        text,
        re.IGNORECASE,
    )
    if not found:
        raise not_supported(text[:60])
    return f"CREATE SCHEMA {found[1] or ''}{found[2].lower()}{(found[3] or '').lower()}"


def _lower(text: str) -> str:
    """Fold names, but for those of IAM's identities; no statement that comes here holds a string."""
    if "'" in text:
        raise syntax_error("'")
    return re.sub(r'("IAMR?:[^"]*")|[^"]+|"', lambda found: found[1] or found[0].lower(), text)
