"""`datavault contract check`: compile, type-check enrich.sql, compare with the released version."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec

from ..chunk import ChunkHeader
from ..contract import Contract
from ..duck import duck_type, empty_records, identifier, literal
from ..enrich import result_sql
from ..masking import MaskingKeys, macro_sql
from .compat import breaking_changes
from .odcs import CONTRACT_FILE, SQL_FILE, compile_contract
from .problems import ContractError, Problem

RELEASED_FILE = "released.json"

_ANY_KEYS = MaskingKeys({"k": "any key has the same type of token"})
_ANY_HEADER = ChunkHeader(
    id="", source="", time=datetime(1970, 1, 1, tzinfo=UTC), subject="", dataschema="",
    objectid="", versionid="", firstline=1, lastline=1, records=1, lineruns=[(1, 1)],
)  # fmt: skip

# A column may be narrower in the query than in the contract, never wider.
_WIDENS = {
    "INTEGER": {"SMALLINT", "TINYINT", "UTINYINT", "USMALLINT"},
    "SMALLINT": {"TINYINT", "UTINYINT"},
    "BIGINT": {"INTEGER", "SMALLINT", "TINYINT", "UTINYINT", "USMALLINT", "UINTEGER"},
    "DOUBLE": {"FLOAT"},
}


def check_folder(folder: Path) -> Contract:
    """The contract of one folder, if nothing is wrong with it.

    Raises
    ------
    ContractError
        With every problem found.
    """
    contract = compile_contract(folder)
    problems = [*sql_problems(contract, folder), *_release_problems(contract, folder)]
    if problems:
        raise ContractError(problems)
    return contract


def sql_problems(contract: Contract, folder: Path) -> list[Problem]:
    """Run enrich.sql over no records, and compare the columns it gives with the contract's."""
    place = str(folder / SQL_FILE)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in contract.references:
            connection.execute(reference_sql(folder / "reference" / f"{table}.csv", contract))
        connection.execute(f"CREATE TEMP TABLE records AS {empty_records(contract.fields)}")
        try:
            rows = connection.execute(f"DESCRIBE {contract.enrich_sql}").fetchall()
        except duckdb.Error as error:
            hint = ""
            if isinstance(error, duckdb.CatalogException) and "Table" in str(error):
                tables = folder / "reference"
                hint = f"reference tables are CSV files in {tables}; `make setup` fetches those of the examples"
            return [Problem(place, str(error), hint)]
        wanted_types = {column.name: _canonical(connection, duck_type(column.field)) for column in contract.columns}
        found = {name: kind for name, kind, *_ in rows}
        problems = _column_problems(contract, found, wanted_types, place)
        for name in sorted(found.keys() & {"_line", *wanted_types}):
            if sum(name == row[0] for row in rows) > 1:
                hint = "leave one out with EXCLUDE, or give it another name"
                problems.append(Problem(place, f"column {name} stands twice", hint))
        if not problems:
            # The query as the enrichment runs it, with masking and lineage around.
            connection.execute(macro_sql(_ANY_KEYS, "k"))
            try:
                connection.execute(f"DESCRIBE {result_sql(contract, _ANY_HEADER)}")
            except duckdb.Error as error:
                hint = "one SELECT without a semicolon"
                problems.append(Problem(place, f"cannot stand inside another query: {error}", hint))
    return problems


def _column_problems(
    contract: Contract, found: dict[str, str], wanted_types: dict[str, str], place: str
) -> list[Problem]:
    problems = []
    if found.get("_line") != "BIGINT":
        problems.append(Problem(place, "the result has no column _line", "select it from records: it names the record"))
    for column in contract.columns:
        wanted, got = wanted_types[column.name], found.get(column.name)
        if got is None:
            problems.append(Problem(place, f"the result has no column {column.name}", "the contract promises it"))
        elif not column.mask and got != wanted and got not in _WIDENS.get(wanted, ()):
            problems.append(
                Problem(
                    place, f"column {column.name} is {got}, the contract says {wanted}", "cast one, or change the other"
                )
            )
    return problems


def _canonical(connection: duckdb.DuckDBPyConnection, kind: str) -> str:
    """The type as DESCRIBE writes it, so that types can be compared as text."""
    row = connection.execute(f"SELECT typeof(NULL::{kind})").fetchone()
    return str(row[0]) if row else kind


def reference_sql(csv: Path, contract: Contract) -> str:
    """A statement that loads a reference CSV as a table named like the file, its types told from every row."""
    nulls = ", ".join(map(literal, contract.csv.null_values))
    return (
        f"CREATE TABLE {identifier(csv.stem)} AS FROM "
        f"read_csv({literal(str(csv))}, header=true, sample_size=-1, nullstr=[{nulls}])"
    )


def write_references(contract: Contract, source: Path, target: Path) -> None:
    """Compile the contract's reference tables: CSV files of the source folder to Parquet files of the target."""
    for table in contract.references:
        target.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(reference_sql(source / f"{table}.csv", contract))
            parquet = literal(str(target / f"{table}.parquet"))
            connection.execute(f"COPY {identifier(table)} TO {parquet} (FORMAT parquet, COMPRESSION zstd)")


def _release_problems(contract: Contract, folder: Path) -> list[Problem]:
    path = folder / RELEASED_FILE
    if not path.exists():
        return []
    released = msgspec.json.decode(path.read_bytes(), type=Contract)
    problems = [
        Problem(str(folder / CONTRACT_FILE), change.message, change.hint)
        for change in breaking_changes(released, contract)
    ]
    if contract != released and contract.version == released.version:
        message = f"differs from version {released.version}, which is released"
        problems.append(Problem(str(folder / CONTRACT_FILE), message, "give it a new version"))
    return problems
