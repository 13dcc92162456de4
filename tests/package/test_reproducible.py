"""A build elsewhere, at another time, by a user with other habits, gives the bytes that `make package` made here."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy_checkout(target: Path) -> None:
    """The files that Git knows or would take, what set-up fetches into contracts/, and uv."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in sorted(filter(None, listed.split("\0")), reverse=True):  # in another order than a clone's
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)  # neither modes nor times
    shutil.copytree(ROOT / "contracts", target / "contracts", dirs_exist_ok=True)
    (target / ".local").mkdir()
    (target / ".local/uv").symlink_to(ROOT / ".local/uv")


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each zip and each compiled contract."""
    files = [*folder.glob("*.zip"), *(file for file in (folder / "contracts").rglob("*") if file.is_file())]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_build_in_another_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    elsewhere = tmp_path / "another folder"
    elsewhere.mkdir()
    copy_checkout(elsewhere)
    environment = os.environ | {
        "PYTHONPATH": str(elsewhere / "lambdas"),
        "PYTHONHASHSEED": "1",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
    }
    subprocess.run(
        [sys.executable, elsewhere / "scripts/package.py"], cwd=tmp_path, env=environment, umask=0o077, check=True
    )
    here = digests(ROOT / "build")
    assert {"processor.zip", "enrichment.zip", "loader.zip", "auditor.zip"} <= here.keys()
    assert digests(elsewhere / "build") == here
