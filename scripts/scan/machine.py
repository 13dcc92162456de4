"""What a tool works with: programs to run, a copy of the code, the zips unpacked, a place for databases."""

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..package import FUNCTIONS
from .findings import Answer, BrokenError, NotRunError

ROOT = Path(__file__).resolve().parents[2]
# What is deployed, for the tools that look for misconfiguration. Kubernetes as it is applied, not what it is made of.
DEPLOYED = ("modules", "infrastructure", "environments", "Dockerfile", "k8s/datavault.yaml", "monitoring/kubernetes")
# Vulnerabilities become known every day. A weekend and a holiday fit in.
DATABASE_AGE = timedelta(days=7)
# Trivy's and NVD's first downloads are the longest; nothing here waits for ever.
TIMEOUT_SECONDS = 3600


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    output: str
    errors: str

    @property
    def last_word(self) -> str:
        """The last line that it wrote, most likely why it failed."""
        lines = [line.strip() for line in (self.errors or self.output).splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"it ended with {self.code} and said nothing"


class Machine:
    """Programs and files of one scan. `tools` is scripts/tool, which pins every version."""

    def __init__(self, work: Path, databases: Path, image: str, tools: Path = ROOT / "scripts/tool") -> None:
        self.work, self.databases, self.image, self._tools = work, databases, image, tools
        work.mkdir(parents=True, exist_ok=True)
        databases.mkdir(parents=True, exist_ok=True)

    def run(self, *command: str | Path, cwd: Path = ROOT) -> Done:
        """Run a program to its end; its code is the caller's to judge."""
        try:
            done = subprocess.run(  # noqa: S603  our own words
                [str(word) for word in command],
                cwd=cwd,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrokenError(f"{Path(command[0]).name}: {error}") from None
        return Done(done.returncode, done.stdout, done.stderr)

    def tool(self, name: str, *arguments: str | Path, cwd: Path = ROOT) -> Done:
        """Run a pinned tool."""
        return self.run(self._tools, name, *arguments, cwd=cwd)

    def version(self, name: str, ask: str) -> str:
        """The version that a tool says it has: the last word of its answer's first line."""
        done = self.tool(name, ask)
        if done.code or not done.output.strip():
            raise BrokenError(f"{name} {ask}: {done.last_word}")
        return done.output.strip().splitlines()[0].split()[-1].removeprefix("v")

    @cached_property
    def code(self) -> Path:
        """A copy of what git tracks or would track, as it is now: folders hold state, providers and caches, too."""
        listed = self.run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if listed.code:
            raise BrokenError(f"git ls-files: {listed.last_word}")
        return self._copy("code", [name for name in listed.output.split("\0") if name])

    @cached_property
    def deployed(self) -> Path:
        """The part of the copy that describes what is deployed."""
        names = [path.relative_to(self.code).as_posix() for path in self.code.rglob("*") if path.is_file()]
        return self._copy(
            "deployed", [name for name in names if f"{name}/".startswith(tuple(f"{part}/" for part in DEPLOYED))]
        )

    def _copy(self, name: str, files: list[str]) -> Path:
        target = self.work / name
        shutil.rmtree(target, ignore_errors=True)
        for file in files:
            if (ROOT / file).is_file():  # not one that was deleted, and not yet committed
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / file, target / file)
        return target

    @cached_property
    def zips(self) -> dict[str, Path]:
        """The zips unpacked, by function."""
        found = {}
        for function in FUNCTIONS:
            archive, target = ROOT / f"build/{function}.zip", self.work / "zips" / function
            if not archive.exists():
                raise BrokenError(f"build/{archive.name} is missing; `make package` builds it")
            shutil.rmtree(target, ignore_errors=True)
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(target)  # built from this checkout
            found[function] = target
        return found

    @cached_property
    def bills(self) -> dict[str, Path]:
        """A CycloneDX SBOM for each zip and the worker's image, from uv.lock."""
        found = {}
        for part in (*FUNCTIONS, "worker"):
            found[part] = ROOT / f"build/sbom/{part}.cdx.json"
            done = self.run(ROOT / "scripts/sbom", part, found[part])
            if done.code:
                raise BrokenError(f"scripts/sbom {part}: {done.last_word}")
        return found

    @cached_property
    def image_archive(self) -> Path:
        """The worker's image as a file."""
        target = self.work / "image.tar"
        target.unlink(missing_ok=True)
        for builder, look, save in (
            ("docker", ("image", "inspect"), ("save", "--output", str(target), self.image)),
            ("buildah", ("inspect", "--type", "image"), ("push", self.image, f"docker-archive:{target}")),
        ):
            if shutil.which(builder) and not self.run(builder, *look, self.image).code:
                done = self.run(builder, *save)
                if done.code:
                    raise BrokenError(f"{builder} {save[0]}: {done.last_word}")
                return target
        raise NotRunError(f"there is no image {self.image} here; `make image` builds it")


def read_json[T](text: str | bytes, kind: type[T]) -> T:
    """Read a tool's answer; one that is not what it should be is no answer."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenError(f"its answer cannot be read: {error}") from None


def read_report[T](path: Path, kind: type[T], done: Done) -> T:
    """Read the file that a tool has written."""
    if not path.exists():
        raise BrokenError(f"it wrote no report: {done.last_word}")
    return read_json(path.read_bytes(), kind)


def require_database(updated: datetime | None, name: str, why: str) -> str:
    """The day of a tool's database; without one, or with an old one, whatever the tool said is worth nothing.

    `why` is what it said when it could not fetch a newer one; empty if it could.
    """
    hint = f"; {why}" if why else ""
    if updated is None:
        raise NotRunError(f"no database: {name} has nothing to compare with{hint}")
    if datetime.now(UTC) - updated > DATABASE_AGE:
        raise NotRunError(f"old database: {name}'s is of {updated:%Y-%m-%d}, older than {DATABASE_AGE.days} days{hint}")
    return f"{updated:%Y-%m-%d}"


class Tool(NamedTuple):
    """A row of the scan: `look` answers, or raises that it did not run or broke."""

    name: str
    looks_for: str
    look: Callable[[Machine], Answer]
