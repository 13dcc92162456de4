"""Git, as far as a release needs it."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


class Repository:
    """A checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603, S607  our own words
        if done.returncode:
            raise SystemExit(f"release: git {' '.join(arguments[:2])} failed:\n{done.stderr}")
        return done.stdout.rstrip("\n")

    def branch(self) -> str:
        return self.git("branch", "--show-current")

    def changes(self) -> list[str]:
        """Files that differ from the last commit, untracked ones too."""
        return self.git("status", "--porcelain").splitlines()

    def version_tags(self) -> list[str]:
        return self.git("tag", "--list", "v*").splitlines()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def origin(self) -> str:
        """Where the repository is pushed to, without a password; empty when it has no such place."""
        if "origin" not in self.git("remote").splitlines():
            return ""
        url = urlsplit(self.git("remote", "get-url", "origin"))
        return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))

    def commit(self, message: str, files: list[str]) -> str:
        self.git("commit", "--quiet", "--message", message, "--", *files)
        return self.head()

    def tag(self, name: str, message: str) -> None:
        """An annotated tag; the message's lines that begin with # stay."""
        self.git("tag", "--annotate", "--cleanup=whitespace", "--message", message, name)

    def go_back(self, commit: str) -> None:
        """Take back what the release wrote since that commit; other changes stay, or Git refuses."""
        self.git("reset", "--quiet", "--keep", commit)
