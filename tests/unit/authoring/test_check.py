"""`contract check`: enrich.sql is proven against the contract, and the contract against its last release."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from datavault.authoring.check import check_folder
from datavault.authoring.problems import ContractError

from .test_odcs import MINIMAL

Check = Callable[[str], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "books"
    (target / "reference").mkdir(parents=True)
    (target / "contract.odcs.yaml").write_text(yaml.safe_dump(MINIMAL))
    (target / "reference" / "titles.csv").write_text("id,title\n1,One\n2,\n")
    (target / "enrich.sql").write_text("SELECT records.*, title FROM records LEFT JOIN titles USING (id)")
    return target


@pytest.fixture
def problems(folder: Path) -> Check:
    """The problems of a query, as a person reads them."""

    def run(sql: str) -> list[str]:
        (folder / "enrich.sql").write_text(sql)
        with pytest.raises(ContractError) as caught:
            check_folder(folder)
        return [f"{problem.message} / {problem.hint}" for problem in caught.value.problems]

    return run


def test_a_contract_whose_sql_keeps_it_is_fine(folder: Path) -> None:
    assert check_folder(folder).references == ("titles",)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT *, 'x' AS title FROM records -- done",
        "SELECT id::SMALLINT AS id, _line, NULL::VARCHAR AS title FROM records",
    ],
)
def test_columns_may_be_narrower_and_the_last_line_a_comment(folder: Path, sql: str) -> None:
    (folder / "enrich.sql").write_text(sql)
    assert check_folder(folder).enrich_sql == sql


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        (
            "SELECT id, 'x' AS title FROM records",
            "the result has no column _line / select it from records: it names the record",
        ),
        ("SELECT * FROM records", "the result has no column title / the contract promises it"),
        (
            "SELECT *, 1 AS title FROM records",
            "column title is INTEGER, the contract says VARCHAR / cast one, or change the other",
        ),
        (
            "SELECT id::HUGEINT AS id, _line, 'x' AS title FROM records",
            "column id is HUGEINT, the contract says BIGINT",
        ),
        ("SELECT *, 'x' AS title FROM records;", "cannot stand inside another query: Parser Error"),
        ("SELECT *, 'x' AS title, 'y' AS title FROM records", "column title stands twice / leave one out with EXCLUDE"),
        ("SELECT * FROM records LEFT JOIN nowhere USING (id)", "reference tables are CSV files in"),
        ("SELECT FROM", "Parser Error"),
        ("SELECT nothing FROM records", "Binder Error"),
    ],
)
def test_sql_that_cannot_keep_the_contract_is_refused(problems: Check, sql: str, problem: str) -> None:
    found = problems(sql)
    assert any(problem in text for text in found), found


def test_a_released_contract_changes_only_under_a_new_version_and_breaks_nobody(folder: Path) -> None:
    released = check_folder(folder)
    (folder / "released.json").write_bytes(msgspec.json.encode(released))
    assert check_folder(folder) == released
    (folder / "enrich.sql").write_text("SELECT *, 'x' AS title FROM records")
    with pytest.raises(
        ContractError, match=r"differs from version 1\.0\.0, which is released\n  hint: give it a new version"
    ):
        check_folder(folder)
    document = MINIMAL | {"version": "1.1.0"}
    (folder / "contract.odcs.yaml").write_text(yaml.safe_dump(document))
    assert check_folder(folder).version == "1.1.0"
    (folder / "released.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(released, load_mode="merge")))
    with pytest.raises(ContractError, match="the primary key or the load mode changes"):
        check_folder(folder)
