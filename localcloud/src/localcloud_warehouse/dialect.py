"""Redshift's SQL as sqlglot reads it, with next to no meaning given to functions.

sqlglot knows hundreds of functions and rewrites them between dialects; some of these rewrites answer something else
than Redshift does (DATEDIFF, CONCAT, REGEXP_REPLACE …). So here a function is a name and arguments: either it means
the same in PostgreSQL, or catalog.sql defines it there, or translate.py rewrites it. See `FUNCTIONS`.
"""

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import TokenType

# Redshift's functions that run here, and their PostgreSQL name where it is another one. What is not listed is refused.
FUNCTIONS: dict[str, str] = {
    name: name
    for names in (
        # Aggregates
        "any_value bool_and bool_or count listagg max median min percentile_cont percentile_disc stddev stddev_pop "
        "stddev_samp sum var_pop var_samp variance",
        # Windows
        "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number",
        # Conditions
        "coalesce greatest least nullif nvl2",
        # Text
        "ascii btrim char_length character_length charindex chr concat initcap left len length lower lpad ltrim md5 "
        "octet_length quote_ident quote_literal regexp_count regexp_instr regexp_substr repeat replace reverse right "
        "rpad rtrim sha2 split_part strpos substr to_hex translate upper",
        # Numbers
        "abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees exp floor ln log mod pi power radians random round "
        "sign sin sqrt tan to_number trunc",
        # Dates
        "add_months convert_timezone date_diff date_part date_part_year date_trunc dateadd datediff getdate last_day "
        "timezone to_char to_date to_timestamp",
        # SUPER and JSON
        "can_json_parse get_array_length is_array is_object is_valid_json json_array_length "
        "json_extract_array_element_text json_extract_path_text json_parse json_serialize json_typeof",
        # System
        "current_database current_schema has_schema_privilege has_table_privilege pg_backend_pid pg_last_copy_count "
        "version",
    )
    for name in names.split()
} | {
    "avg": "rs_avg",
    "date_add": "dateadd",
    "nvl": "coalesce",
    "pow": "power",
    "regexp_replace": "rs_regexp_replace",
    "replicate": "repeat",
    "sysdate": "rs_sysdate",
    "textlen": "length",
}

# Their first argument is a date part, which may be written with or without quotes.
DATE_PART_FIRST = frozenset({"date_add", "date_diff", "date_part", "date_trunc", "dateadd", "datediff"})


_STRINGS = re.compile(r"""--[^\n]*|/\*.*?\*/|"(?:[^"]|"")*"|'(?P<text>(?:[^'\\]|\\.|'')*)'""", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def literals(sql: str) -> str:
    r"""Return `sql` with the backslash escapes in its string literals carried out, as Redshift (PostgreSQL 8.0) does.

    >>> print(literals(r"select '\\d', 'it\'s', '\\\\'"))
    select 'd', 'it''s', '\\'
    """

    def plain(match: re.Match[str]) -> str:
        text = match["text"]
        if text is None or "\\" not in text:
            return match[0]
        decoded = re.sub(
            r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1].replace("'", "''")), text, flags=re.DOTALL
        )
        return f"'{decoded}'"

    return _STRINGS.sub(plain, sql)


class Warehouse(Redshift):
    """What Redshift accepts."""

    class Tokenizer(Redshift.Tokenizer):
        # FLOAT is DOUBLE PRECISION in Redshift; sqlglot takes it for REAL.
        KEYWORDS: ClassVar = {**Redshift.Tokenizer.KEYWORDS, "FLOAT": TokenType.DOUBLE}
        # Backslashes are done with by then: see `literals`.
        STRING_ESCAPES: ClassVar = ["'"]

    class Parser(RedshiftParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        # These have a grammar of their own inside the parentheses.
        FUNCTION_PARSERS: ClassVar = {
            name: RedshiftParser.FUNCTION_PARSERS[name]
            for name in ("CAST", "CONVERT", "DECODE", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST")
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar = {
            **{name: RedshiftParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("ANY", "CASE")},
            "SYSDATE": lambda self: self.expression(exp.Anonymous(this="sysdate")),
            # An exact count is a legal approximation.
            "APPROXIMATE": lambda self: self._parse_function(),
        }
