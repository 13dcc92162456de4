"""The changelog's section of a version."""

from datetime import date

import pytest
from scripts.release.changelog import release, unreleased
from scripts.release.versions import parse

from .conftest import CHANGELOG


def test_what_is_unreleased_becomes_the_section_of_the_version_and_all_else_stays() -> None:
    released = release(CHANGELOG, parse("0.4.0"), date(2026, 3, 1))
    assert released == CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.4.0] - 2026-03-01\n")
    assert unreleased(released) == ""


def test_a_backslash_in_the_notes_stays_what_it_is() -> None:
    text = CHANGELOG.replace("`that`", r"`\1\g<0>`")
    assert r"`\1\g<0>`" in release(text, parse("0.4.0"), date(2026, 3, 1))


def test_the_first_release_takes_all_to_the_end_of_the_file() -> None:
    text = CHANGELOG.partition("## [0.3.0]")[0]
    assert unreleased(text) == "### Added\n\n- A thing, `that` is new."
    assert release(text, parse("0.4.0"), date(2026, 3, 1)).endswith("- A thing, `that` is new.\n")


@pytest.mark.parametrize("notes", ["", "### Added\n", "### Added\n\n### Fixed\n"])
def test_headings_alone_are_nothing_to_release(notes: str) -> None:
    assert unreleased(f"# Changelog\n\n## [Unreleased]\n\n{notes}\n## [0.3.0] - 2026-01-02\n\n- Old.\n") == ""


def test_a_changelog_without_unreleased_has_nothing_to_release() -> None:
    assert unreleased("# Changelog\n\n## [0.3.0] - 2026-01-02\n\n- Old.\n") == ""
