"""The grammar of COPY, as far as it is run here: Parquet out of S3.

In: the text of the statement. Out: `CopyCommand`, or an error in Redshift's words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token, TokenType

from localcloud_warehouse.dialect import literals
from localcloud_warehouse.errors import NOT_SUPPORTED, WarehouseError, not_supported, syntax_error
from localcloud_warehouse.physical import tokenize

# Redshift Database Developer Guide, "COPY from columnar data formats": only some parameters go with Parquet; the
# wording was read on a real warehouse for TRUNCATECOLUMNS (see the README).
_NOT_WITH_PARQUET = frozenset(
    [
        "ACCEPTANYDATE",
        "BLANKSASNULL",
        "COMPUPDATE",
        "DATEFORMAT",
        "DELIMITER",
        "EMPTYASNULL",
        "ENCODING",
        "ESCAPE",
        "EXPLICIT_IDS",
        "FIXEDWIDTH",
        "GZIP",
        "IGNOREBLANKLINES",
        "IGNOREHEADER",
        "LZOP",
        "MAXERROR",
        "NULL",
        "QUOTE",
        "REMOVEQUOTES",
        "ROUNDEC",
        "TIMEFORMAT",
        "TRIMBLANKS",
        "TRUNCATECOLUMNS",
        "BZIP2",
        "ZSTD",
    ]
)
_KEYS = frozenset({"CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"})


@dataclass
class CopyCommand:
    """A COPY statement. Names are folded to lower case; `schema` is "" if none is written, `columns` None likewise."""

    schema: str = ""
    table: str = ""
    columns: list[str] | None = None
    source: str = ""
    role: str = ""
    region: str = ""
    options: set[str] = field(default_factory=set)


def parse(sql: str) -> CopyCommand:
    """Parse a COPY statement.

    Raises
    ------
    WarehouseError
        Redshift would not accept it, or it is not for Parquet in S3.
    """
    reader = _Reader(tokenize(literals(sql)))
    command = CopyCommand()
    reader.expect("COPY")
    command.table = reader.name()
    if reader.accept("."):
        command.schema, command.table = command.table, reader.name()
    if reader.accept("("):
        command.columns = [reader.name()]
        while reader.accept(","):
            command.columns.append(reader.name())
        reader.expect(")")
    reader.expect("FROM")
    command.source = reader.string()
    if not command.source.startswith("s3://"):
        raise not_supported("COPY from anything but s3://")
    file_format = ""
    while not reader.finished():
        file_format = _option(reader, command) or file_format
    if file_format != "PARQUET":
        raise not_supported(f"COPY of {file_format or 'delimited text'}; only FORMAT AS PARQUET is")
    if not command.role:
        raise not_supported("COPY without IAM_ROLE")
    return command


def _option(reader: _Reader, command: CopyCommand) -> str:
    """Read one option; return the format if it was the format."""
    word = reader.word()
    match word:
        case "IAM_ROLE":
            command.role = "default" if reader.accept("DEFAULT") else reader.string()
        case "REGION":
            reader.accept("AS")
            command.region = reader.string()
        case "FORMAT" | "PARQUET" | "CSV" | "JSON" | "AVRO" | "ORC" | "SHAPEFILE":
            if word == "FORMAT":
                reader.accept("AS")
                word = reader.word()
            return word
        case "MANIFEST" | "SERIALIZETOJSON" | "FILLRECORD":
            command.options.add(word)
        case "STATUPDATE":
            # Statistics for the planner: nothing to do here.
            reader.accept("ON", "OFF", "TRUE", "FALSE")
        case _ if word in _NOT_WITH_PARQUET:
            raise WarehouseError(f"{word} argument is not supported for PARQUET based COPY", NOT_SUPPORTED)
        case _ if word in _KEYS:
            raise not_supported(f"COPY with {word}; use IAM_ROLE")
        case _:
            raise syntax_error(word.lower())
    return ""


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def finished(self) -> bool:
        return self._at >= len(self._tokens)

    def _next(self) -> Token:
        if self.finished():
            raise WarehouseError("syntax error at end of input", "42601")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, *words: str) -> bool:
        if self.finished() or self._tokens[self._at].token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return False
        if self._tokens[self._at].text.upper() not in words:
            return False
        self._at += 1
        return True

    def expect(self, word: str) -> None:
        token = self._next()
        if token.text.upper() != word:
            raise syntax_error(token.text)

    def word(self) -> str:
        token = self._next()
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            raise syntax_error(token.text)
        return token.text.upper()

    def name(self) -> str:
        token = self._next()
        if token.text == "#" and not self.finished():
            return f"#{self.name()}"
        if token.token_type == TokenType.STRING or not (token.text[:1].isalpha() or token.text[:1] in "_#"):
            raise syntax_error(token.text)
        return token.text.lower()

    def string(self) -> str:
        token = self._next()
        if token.token_type != TokenType.STRING:
            raise syntax_error(token.text)
        return token.text
