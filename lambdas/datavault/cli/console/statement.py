"""Which statements the query box takes: one that reads. Pure.

It is a courtesy, with an error that says more than Redshift's. What keeps the warehouse safe is the role `reader`: it
has no right to write, and sees only the columns that a contract calls public or internal.
"""

import re

# A literal, a quoted name or a comment; what is left is the statement's words.
_QUIET = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_WRITES = re.compile(
    r"\b(insert|update|delete|merge|into|create|drop|alter|truncate|grant|revoke|copy|unload|call)\b", re.IGNORECASE
)


class RefusedError(ValueError):
    """The text says why."""


def reading(sql: str) -> str:
    """The statement without its last semicolon.

    Raises
    ------
    RefusedError
        It is not one SELECT.
    """
    statement = sql.strip().removesuffix(";").rstrip()
    words = _QUIET.sub(" ", statement)
    if not words.strip():
        raise RefusedError("there is no statement")
    if ";" in words:
        raise RefusedError("one statement at a time")
    if words.split(None, 1)[0].lower().lstrip("(") not in {"select", "with"}:
        raise RefusedError("only SELECT (or WITH … SELECT)")
    if found := _WRITES.search(words):
        raise RefusedError(
            f"the page only reads, and here stands {found[0].upper()}; a column of that name wants double quotes"
        )
    return statement
