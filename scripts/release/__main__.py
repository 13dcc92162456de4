"""`make release VERSION=1.4.0`: checks, changelog, version, artefacts, commit, tag. It never pushes.

usage: python -m scripts.release VERSION [--dry-run]        SIGN=cosign signs the checksums
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from . import artefacts, changelog
from .problems import ReleaseError
from .repository import Repository
from .versions import Version, newest, parse

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".local/uv/bin/uv"  # scripts/setup installed it
MAIN = "main"
FILES = ["CHANGELOG.md", "pyproject.toml", "uv.lock"]


def check(repository: Repository, version: Version, sign: str) -> None:
    """Everything that stands in the way, at once."""
    problems = []
    if repository.branch() != MAIN:
        problems.append((f"this is the branch {repository.branch()!r}", f"git switch {MAIN}"))
    if changes := repository.changes():
        problems.append(
            (f"not committed: {', '.join(line[3:] for line in changes[:5])}", "git commit, or git stash -u")
        )
    if not repository.origin():
        problems.append(("there is no remote called origin", "git remote add origin URL: the provenance names it"))
    last = newest(repository.version_tags())
    if last is not None and version <= last:
        problems.append((f"{version} is not newer than {last}, the last release", "git tag --list 'v*' shows them"))
    if not changelog.unreleased((repository.root / "CHANGELOG.md").read_text()):
        problems.append(("CHANGELOG.md has nothing under [Unreleased]", "say there what changes for people"))
    if (unsigned := artefacts.signer(sign)) is not None:
        problems.append(unsigned)
    if problems:
        raise ReleaseError(*problems)


def release(
    repository: Repository,
    version: Version,
    build: Callable[[Path, Path], list[Path]],
    sign: str = "",
) -> Path:
    """Make the release; the folder of its artefacts. When a step fails, the checkout is as it was before."""
    check(repository, version, sign)
    started, root, before = datetime.now(UTC), repository.root, repository.head()
    folder = root / "build/release" / str(version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = (root / "CHANGELOG.md").read_text()
    try:
        (root / "CHANGELOG.md").write_text(changelog.release(text, version, started.date()))
        set_version(root, version)
        made = build(root, folder)
        repository.commit(f"Release {version}", FILES)
        artefacts.describe(repository, version, folder, made, started)
        if sign:
            artefacts.sign(folder)
        repository.tag(version.tag, f"DataVault {version}\n\n{changelog.unreleased(text)}\n")
    except BaseException:  # Ctrl-C as well
        repository.git("checkout", "--quiet", "HEAD", "--", *FILES)
        repository.go_back(before)
        shutil.rmtree(folder)
        raise
    return folder


def set_version(root: Path, version: Version) -> None:
    """pyproject.toml has the version; uv brings the lock file after it, and changes nothing else in it."""
    uv = [str(UV), "version", "--quiet", "--offline", "--no-sync", "--python", sys.executable]
    done = subprocess.run([*uv, str(version)], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise ReleaseError((f"uv does not set the version: {done.stderr.strip()}", "make setup"))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make release", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("version", help="make release VERSION=1.4.0")
    parser.add_argument("--dry-run", action="store_true", help="check, and say what would be done")
    arguments = parser.parse_args()
    repository, sign = Repository(ROOT), os.environ.get("SIGN", "")
    try:
        version = parse(arguments.version)
        if arguments.dry_run:
            check(repository, version, sign)
            notes = changelog.unreleased((ROOT / "CHANGELOG.md").read_text())
            print(f"would release {version}, with {len(notes.splitlines())} lines of the changelog:")  # noqa: T201
            print(f"commit {', '.join(FILES)}; tag {version.tag}; build/release/{version}/ for {artefacts.PLATFORM}")  # noqa: T201
            return 0
        folder = release(repository, version, artefacts.build, sign)
    except ReleaseError as error:
        for reason, hint in error.problems:
            sys.stderr.write(f"release: {reason}\n  hint: {hint}\n")
        return 1
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size:>12,}  {file.relative_to(ROOT)}")  # noqa: T201
    print(f"\n{version.tag} is a commit and a tag here, and nowhere else yet. To publish them:\n")  # noqa: T201
    print(f"  git push --atomic origin {MAIN} {version.tag}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
