"""Take away what only says where Redshift puts the rows: it changes no answer.

In: the text of a CREATE or ALTER statement. Out: the text without ENCODE, DISTSTYLE, DISTKEY, SORTKEY, BACKUP, AUTO
REFRESH and NO SCHEMA BINDING, and the columns that keys named. It works on tokens, so that strings and quoted names
stay as they are.
"""

from sqlglot.tokenizer_core import Token, TokenType

from localcloud_warehouse.dialect import Warehouse
from localcloud_warehouse.errors import syntax_error

# CREATE TABLE, "ENCODE": Redshift Database Developer Guide, "Compression encodings".
_ENCODINGS = frozenset(
    [
        "AUTO",
        "AZ64",
        "BYTEDICT",
        "DELTA",
        "DELTA32K",
        "LZO",
        "MOSTLY8",
        "MOSTLY16",
        "MOSTLY32",
        "RAW",
        "RUNLENGTH",
        "TEXT255",
        "TEXT32K",
        "ZSTD",
        "NONE",
    ]
)
_DISTSTYLES = frozenset({"AUTO", "EVEN", "KEY", "ALL"})


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of one statement, without the closing semicolon."""
    tokens = list(Warehouse().tokenize(sql))
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    return tokens


def strip(sql: str) -> tuple[str, list[str]]:
    """Return `sql` without its physical clauses, and the columns that DISTKEY and SORTKEY name, in lower case."""
    tokens = tokenize(sql)
    words = [
        "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text.upper() for token in tokens
    ]
    if words[:1] not in (["CREATE"], ["ALTER"]) or not {"TABLE", "VIEW"} & set(words[:5]):
        return sql, []
    cuts: list[tuple[int, int]] = []
    keys: list[str] = []
    if words[-4:] == ["WITH", "NO", "SCHEMA", "BINDING"]:
        sql = sql[: tokens[-4].start]
        tokens, words = tokens[:-4], words[:-4]
    position = 0
    while position < len(tokens):
        length, columns = _clause(tokens, words, position)
        if length:
            cuts.append((tokens[position].start, tokens[position + length - 1].end + 1))
            keys += columns
        # A query follows: nothing physical is in it.
        if words[position] in ("SELECT", "WITH") and not length:
            break
        position += length or 1
    for start, end in reversed(cuts):
        sql = f"{sql[:start]} {sql[end:]}"
    return sql, keys


def _clause(  # noqa: PLR0911  one return per clause
    tokens: list[Token], words: list[str], at: int
) -> tuple[int, list[str]]:
    """Return how many tokens the physical clause at `at` has (0: there is none) and the columns it names."""
    rest = [*words[at : at + 4], "", "", "", ""]
    match rest[:4]:
        case ["ENCODE", encoding, *_]:
            if encoding not in _ENCODINGS:
                raise syntax_error(encoding.lower())
            return 2, []
        case ["DISTSTYLE", style, *_]:
            if style not in _DISTSTYLES:
                raise syntax_error(style.lower())
            return 2, []
        case ["BACKUP", "YES" | "NO", *_]:
            return 2, []
        case ["AUTO", "REFRESH", "YES" | "NO", *_]:
            return 3, []
        case ["COMPOUND" | "INTERLEAVED", "SORTKEY", *_]:
            length, columns = _clause(tokens, words, at + 1)
            return 1 + length, columns
        case ["SORTKEY", "AUTO" | "NONE", *_]:
            return 2, []
        case ["SORTKEY" | "DISTKEY", "(", *_]:
            end = words.index(")", at)
            return end - at + 1, [token.text.lower() for token in tokens[at + 2 : end] if token.text != ","]
        case ["SORTKEY" | "DISTKEY", *_]:
            return 1, []
    return 0, []
