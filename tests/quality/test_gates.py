"""Each gate of `make quality` fails on what it is for: one defect, planted in a small project."""

import importlib.util
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SOUND = '"""A module."""\n\n\ndef double(number: int) -> int:\n    return 2 * number\n'
# Longer than the 50 tokens under which jscpd does not look.
LONG = "TABLE = {\n" + "".join(f'    "{n}": ({n}, {n * n}, {n**3}),\n' for n in range(8)) + "}\n"
BRANCHES = "".join(f"    if number == {n}:\n        number += {n}\n" for n in range(10))
COVERAGE = '<coverage lines-valid="80" lines-covered="{lines}" branches-valid="20" branches-covered="{branches}"/>'


@pytest.fixture(scope="module")
def quality() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("quality", ROOT / "scripts/quality.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["quality"] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["quality"]


@pytest.fixture
def project(tmp_path: Path, quality: ModuleType) -> Path:
    """A project with our settings, in which nothing is wrong."""
    for name in ("pyproject.toml", ".jscpd.json"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
    packages = [{"datavault": "lambdas/datavault"}.get(name, name.replace(".", "/")) for name in named]
    for folder in ("scripts", "tests", "modules", "infrastructure", "localcloud/src", "localcloud/tests", *packages):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for folder in packages:
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "localcloud/.venv").symlink_to(ROOT / "localcloud/.venv")
    shutil.copyfile(ROOT / "localcloud/pyproject.toml", tmp_path / "localcloud/pyproject.toml")
    (tmp_path / "localcloud/src/sound.py").write_text(SOUND)
    (tmp_path / "lambdas/datavault/sound.py").write_text(SOUND)
    (tmp_path / "lambdas/datavault/long.py").write_text(LONG)
    (tmp_path / quality.REPORTS).mkdir(parents=True)
    write_coverage(tmp_path, quality, lines=77, branches=18)
    return tmp_path


def write_coverage(project: Path, quality: ModuleType, lines: int, branches: int) -> None:
    report = project / quality.REPORTS / "coverage.xml"
    report.write_text(COVERAGE.format(lines=lines, branches=branches))


def failed(project: Path, quality: ModuleType) -> dict[str, str]:
    """The gates that fail, with what they say."""
    verdicts = quality.judge(project, 95.0, ["lambdas"])
    assert [verdict.gate for verdict in verdicts] == ["coverage", "style", "complexity", "types", "duplication"]
    return {verdict.gate: f"{verdict.found}\n{verdict.problems}" for verdict in verdicts if not verdict.passed}


def test_a_project_without_a_defect_passes_every_gate(project: Path, quality: ModuleType) -> None:
    assert failed(project, quality) == {}
    assert {file.name for file in (project / quality.REPORTS).iterdir()} == {
        "coverage.xml",
        "jscpd-report.json",
        "mypy.txt",
        "ruff.json",
    }


def test_a_branch_less_than_the_limit_fails_coverage(project: Path, quality: ModuleType) -> None:
    write_coverage(project, quality, lines=77, branches=17)
    assert failed(project, quality) == {"coverage": "94.00 % of 100 lines and branches\n"}


def test_a_report_about_nothing_fails_coverage(project: Path, quality: ModuleType) -> None:
    (project / quality.REPORTS / "coverage.xml").write_text("<coverage/>")
    assert failed(project, quality) == {"coverage": "0.00 % of 0 lines and branches\n"}


def test_no_report_fails_coverage(project: Path, quality: ModuleType) -> None:
    (project / quality.REPORTS / "coverage.xml").unlink()
    assert failed(project, quality) == {"coverage": "no report\n"}


def test_a_name_that_is_never_used_fails_style(project: Path, quality: ModuleType) -> None:
    (project / "lambdas/datavault/sound.py").write_text(SOUND.replace("\n\n\n", "\n\nimport os\n\n\n", 1))
    words = failed(project, quality)
    assert words.keys() == {"style"}
    assert "lambdas/datavault/sound.py:3: F401" in words["style"]


def test_a_defect_of_the_local_cloud_fails_style(project: Path, quality: ModuleType) -> None:
    (project / "localcloud/src/sound.py").write_text(SOUND.replace("\n\n\n", "\n\nimport os\n\n\n", 1))
    assert "localcloud/src/sound.py:3: F401" in failed(project, quality)["style"]


def test_a_function_of_eleven_ways_fails_complexity(project: Path, quality: ModuleType) -> None:
    (project / "lambdas/datavault/sound.py").write_text(SOUND.replace("    return", f"{BRANCHES}    return"))
    assert "`double` is too complex (11 > 10)" in failed(project, quality)["complexity"]


def test_a_function_of_ten_ways_is_not_too_complex(project: Path, quality: ModuleType) -> None:
    ten = BRANCHES.replace("    if number == 9:\n        number += 9\n", "")
    (project / "lambdas/datavault/sound.py").write_text(SOUND.replace("    return", f"{ten}    return"))
    assert "complexity" not in failed(project, quality)


@pytest.mark.parametrize("file", ["lambdas/datavault/sound.py", "localcloud/src/sound.py"])
@pytest.mark.parametrize(("old", "new"), [("2 * number", "str(number)"), ("(number: int) -> int", "(number)")])
def test_a_wrong_or_a_missing_type_fails_types(
    project: Path, quality: ModuleType, file: str, old: str, new: str
) -> None:
    (project / file).write_text(SOUND.replace(old, new))
    words = failed(project, quality)
    assert words.keys() == {"types"}
    assert words["types"].startswith("1 errors\n")


@pytest.mark.parametrize(
    ("file", "copy"),
    [("lambdas/datavault/long.py", "scripts/copy.py"), ("modules/main.tf", "infrastructure/copy.tf")],
)
def test_a_copy_fails_duplication(project: Path, quality: ModuleType, file: str, copy: str) -> None:
    shutil.copyfile(ROOT / "modules/bucket/main.tf", project / "modules/main.tf")
    shutil.copyfile(project / file, project / copy)
    words = failed(project, quality)
    assert words.keys() == {"duplication"}
    assert "Clone found" in words["duplication"]


def test_the_command_fails_when_a_gate_fails_and_says_what_to_do(
    project: Path, quality: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quality, "ROOT", project)
    monkeypatch.setattr(sys, "argv", ["quality.py", "--coverage", "96", "lambdas"])
    assert quality.main() == 1
    assert "quality: coverage: 95.00 % of 100 lines and branches\n  hint: make test-unit" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["quality.py", "--coverage", "95", "lambdas"])
    assert quality.main() == 0
