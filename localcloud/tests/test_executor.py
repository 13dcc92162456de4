"""The runtime executor's bookkeeping, without a LocalStack that runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from localstack.aws.api.lambda_ import PackageType

from localcloud.plugins.executor import RUNTIME, ProcessExecutor


class Code:
    """A function's unzipped code, on disk until it is destroyed."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def prepare_for_execution(self) -> None:
        self.place.mkdir(exist_ok=True)

    def get_unzipped_code_location(self) -> Path:
        return self.place

    def destroy_cached(self) -> None:
        self.place.rmdir()


def version(code: Code) -> Any:
    config = SimpleNamespace(package_type=PackageType.Zip, runtime=RUNTIME, layers=[], code=code)
    return SimpleNamespace(config=config)


def test_code_stays_until_the_last_version_that_runs_it_is_cleaned_up(tmp_path: Path) -> None:
    """Changing a function's variables makes a new version of the same code before the old one goes."""
    code = Code(tmp_path / "code")
    before, after = version(code), version(code)

    ProcessExecutor.prepare_version(before)
    ProcessExecutor.prepare_version(after)
    ProcessExecutor.cleanup_version(before)
    assert code.place.is_dir()

    ProcessExecutor.cleanup_version(after)
    assert not code.place.exists()
