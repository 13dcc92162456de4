"""A release, in a repository of its own: what it leaves, what stands in its way, and that a failure leaves nothing."""

import hashlib
import json
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scripts.release import __main__ as command
from scripts.release import artefacts
from scripts.release.__main__ import check, release
from scripts.release.problems import ReleaseError
from scripts.release.repository import Repository
from scripts.release.versions import parse

NEXT = parse("0.4.0")
NOTES = "### Added\n\n- A thing, `that` is new."


def build(root: Path, folder: Path) -> list[Path]:
    """A build that is done at once, of the version that is set by then."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    made = [folder / "processor.cdx.json", folder / "processor.zip"]
    for file in made:
        file.write_text(f"{file.name} {version}\n")
    return made


def problems(repository: Repository, version: str = "0.4.0", sign: str = "") -> list[str]:
    with pytest.raises(ReleaseError) as refused:
        check(repository, parse(version), sign)
    assert all(hint for _, hint in refused.value.problems)
    return [reason for reason, _ in refused.value.problems]


def install_cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """A stand-in: the real one asks Sigstore's services."""
    cosign = tmp_path / "bin/cosign"
    cosign.parent.mkdir()
    cosign.write_text(f"#!/bin/sh\n{does}\n")
    cosign.chmod(0o755)
    monkeypatch.setenv("PATH", str(cosign.parent), prepend=":")


def state(repository: Repository) -> tuple[str, list[str], list[str], list[str]]:
    """Everything that a release changes."""
    builds = [str(file) for file in repository.root.glob("build/release/*")]
    return repository.head(), repository.changes(), repository.version_tags(), builds


def test_a_release_is_one_commit_of_three_files_with_an_annotated_tag(repository: Repository) -> None:
    before = repository.head()
    release(repository, NEXT, build)
    assert repository.changes() == []
    assert repository.git("rev-parse", "HEAD^", "v0.4.0^{commit}").split() == [before, repository.head()]
    assert repository.git("diff", "--name-only", before).splitlines() == ["CHANGELOG.md", "pyproject.toml", "uv.lock"]
    assert repository.git("cat-file", "-t", "v0.4.0") == "tag"
    assert repository.git("tag", "--list", "v0.4.0", "--format=%(contents)") == f"DataVault 0.4.0\n\n{NOTES}"


def test_a_release_sets_the_version_and_dates_its_section(repository: Repository) -> None:
    release(repository, NEXT, build)
    assert tomllib.loads((repository.root / "pyproject.toml").read_text())["project"]["version"] == "0.4.0"
    (package,) = tomllib.loads((repository.root / "uv.lock").read_text())["package"]
    assert package["version"] == "0.4.0"
    today = datetime.now(UTC).date()
    assert f"\n## [Unreleased]\n\n## [0.4.0] - {today}\n\n{NOTES}\n" in (repository.root / "CHANGELOG.md").read_text()


def test_what_is_built_has_the_version_of_the_release(repository: Repository) -> None:
    folder = release(repository, NEXT, build)
    assert (folder / "processor.zip").read_text() == "processor.zip 0.4.0\n"


def test_sha256sum_accepts_the_checksums_of_every_file(repository: Repository) -> None:
    folder = release(repository, NEXT, build)
    done = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout == "processor.cdx.json: OK\nprocessor.zip: OK\nprovenance.intoto.json: OK\n"
    (folder / "processor.zip").write_text("another")
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 1


def test_the_provenance_names_artefacts_commit_lock_files_and_builder(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JENKINS_URL", "https://ci.example.com/")
    monkeypatch.setenv("BUILD_URL", "https://ci.example.com/job/datavault/7/")
    folder = release(repository, NEXT, build)
    said = json.loads((folder / "provenance.intoto.json").read_text())
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert said["subject"] == [
        {"name": name, "digest": {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}}
        for name in ("processor.cdx.json", "processor.zip")
    ]
    definition, run = said["predicate"]["buildDefinition"], said["predicate"]["runDetails"]
    source, *locks = definition["resolvedDependencies"]
    assert source == {
        "uri": "git+https://git.example.com/small.git@refs/tags/v0.4.0",  # without the password
        "digest": {"gitCommit": repository.head()},
    }
    assert locks == [
        {"name": name, "digest": {"sha256": hashlib.sha256((repository.root / name).read_bytes()).hexdigest()}}
        for name in ("uv.lock", "scripts/uv-requirements.txt")
    ]
    assert definition["externalParameters"] == {"version": "0.4.0", "platform": "aarch64-manylinux_2_28"}
    assert run["builder"] == {"id": "https://ci.example.com/"}
    assert run["metadata"]["invocationId"] == "https://ci.example.com/job/datavault/7/"
    assert run["metadata"]["startedOn"] <= run["metadata"]["finishedOn"]


def test_without_a_server_the_builder_is_a_workstation(repository: Repository) -> None:
    folder = release(repository, NEXT, build)
    run = json.loads((folder / "provenance.intoto.json").read_text())["predicate"]["runDetails"]
    assert run["builder"] == {"id": "urn:datavault:builder:workstation"}
    assert "invocationId" not in run["metadata"]


def test_everything_that_stands_in_the_way_is_said_at_once(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "a-branch")
    repository.git("remote", "remove", "origin")
    (repository.root / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    (repository.root / "new.py").write_text("")
    assert problems(repository, "0.3.0", "pgp") == [
        "this is the branch 'a-branch'",
        "not committed: CHANGELOG.md, new.py",
        "there is no remote called origin",
        "0.3.0 is not newer than 0.3.0, the last release",
        "CHANGELOG.md has nothing under [Unreleased]",
        "SIGN=pgp is not known",
    ]


@pytest.mark.parametrize("version", ["0.3.0", "0.3.0-rc.1", "0.2.9"])
def test_a_version_that_is_not_newer_is_refused(repository: Repository, version: str) -> None:
    assert problems(repository, version) == [f"{version} is not newer than 0.3.0, the last release"]


def test_signing_without_cosign_is_refused_before_anything_is_built(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    before = state(repository)
    with pytest.raises(ReleaseError, match=r"no cosign\n  hint: docs\.sigstore\.dev"):
        release(repository, NEXT, build, "cosign")
    assert state(repository) == before


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("", "sign-blob --yes --bundle SHA256SUMS.sigstore.json SHA256SUMS"),
        ("k.key", "sign-blob --yes --key k.key --bundle SHA256SUMS.sigstore.json SHA256SUMS"),
    ],
)
def test_cosign_signs_the_checksums(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, arguments: str
) -> None:
    install_cosign(tmp_path, monkeypatch, 'echo "$@" >SHA256SUMS.sigstore.json')
    monkeypatch.setenv("COSIGN_KEY", key)
    folder = release(repository, NEXT, build, "cosign")
    assert (folder / "SHA256SUMS.sigstore.json").read_text() == f"{arguments}\n"


def test_a_signature_that_fails_leaves_no_release(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_cosign(tmp_path, monkeypatch, "exit 1")
    before = state(repository)
    with pytest.raises(ReleaseError, match="cosign sign-blob --yes failed"):
        release(repository, NEXT, build, "cosign")
    assert state(repository) == before


@pytest.mark.parametrize("stop", [OSError("no space"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_the_checkout_as_it_was(repository: Repository, stop: BaseException) -> None:
    def breaks(root: Path, folder: Path) -> list[Path]:
        build(root, folder)
        raise stop

    before = state(repository)
    with pytest.raises(type(stop)):
        release(repository, NEXT, breaks)
    assert state(repository) == before


def test_after_a_failure_the_same_version_can_be_released(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(artefacts, "checksums", fails)
        with pytest.raises(OSError, match="no space"):
            release(repository, NEXT, build)
    assert release(repository, NEXT, build).name == "0.4.0"


def fails(_: list[Path]) -> str:
    raise OSError("no space")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", repository.root)
    monkeypatch.setattr("sys.argv", ["release", "0.4.0", "--dry-run"])
    before = state(repository)
    assert command.main() == 0
    assert state(repository) == before
    assert "tag v0.4.0; build/release/0.4.0/ for aarch64-manylinux_2_28" in capsys.readouterr().out


def test_a_bad_version_gives_a_reason_and_a_hint_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["release", "1.x"])
    assert command.main() == 1
    assert capsys.readouterr().err.startswith("release: '1.x' is not a version\n  hint: MAJOR.MINOR.PATCH")


def test_a_release_prints_the_push_and_does_not_push(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called = []
    git = Repository.git

    def records(self: Repository, *arguments: str) -> str:
        called.append(arguments[0])
        return git(self, *arguments)

    monkeypatch.setattr(Repository, "git", records)
    monkeypatch.setattr(command, "ROOT", repository.root)
    monkeypatch.setattr(artefacts, "build", build)
    monkeypatch.setattr("sys.argv", ["release", "0.4.0"])
    assert command.main() == 0
    assert "push" not in called
    assert "  git push --atomic origin main v0.4.0\n" in capsys.readouterr().out
