"""The Python that functions run on: a bare virtual environment with nothing in it but the runtime interface client.

A function must see its own zip, the standard library and `awslambdaric` only. Were it to see the local cloud's own
packages (boto3, DuckDB …), a zip that lacks a dependency would work here and fail on AWS.
"""

import shutil
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

RUNTIME_CLIENT = "awslambdaric"


def prepare_interpreter(folder: Path) -> Path:
    """Make the bare environment in `folder` unless it is there, and return the path of its python.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    client = distribution(RUNTIME_CLIENT)
    # Named by what is inside, so that a new version of either makes a new one instead of repairing the old.
    home = folder / f"python{sys.version_info.major}.{sys.version_info.minor}-{RUNTIME_CLIENT}-{client.version}"
    python = home / "bin" / "python"
    if python.exists():
        return python
    unfinished = home.with_name(home.name + ".new")
    venv.create(unfinished, clear=True, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = unfinished / "lib" / version / "site-packages"
    for package in _with_dependencies(client):
        _copy(package, packages)
    # A rename at the end: a half-made one is never taken for a whole one. (Nothing in it holds its own path except
    # the activate scripts, which nobody runs.)
    unfinished.rename(home)
    return python


def _with_dependencies(package: Distribution) -> list[Distribution]:
    found = {package.name: package}
    queue = [package]
    while queue:
        for line in queue.pop().requires or []:
            requirement = Requirement(line)
            if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
                continue
            dependency = distribution(requirement.name)
            found[requirement.name] = dependency
            queue.append(dependency)
    return list(found.values())


def _copy(package: Distribution, target: Path) -> None:
    for file in package.files or []:
        source = Path(str(package.locate_file(file)))
        # Scripts (../../bin/…) are not part of what a function can import.
        if ".." in file.parts or not source.is_file():
            continue
        destination = target / file
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination)
