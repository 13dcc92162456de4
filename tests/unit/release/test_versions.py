"""Versions of releases: what is one, and which is newer."""

import pytest
from scripts.release.problems import ReleaseError
from scripts.release.versions import newest, parse


def test_versions_are_ordered_by_the_precedence_of_semantic_versioning() -> None:
    ordered = [
        "0.9.0",
        "0.10.0",
        "1.0.0-alpha.1",
        "1.0.0-alpha.2",
        "1.0.0-beta.1",
        "1.0.0-rc.2",
        "1.0.0-rc.10",
        "1.0.0",
    ]
    assert [str(version) for version in sorted(map(parse, reversed(ordered)))] == ordered


NOT_VERSIONS = (
    "",
    "1",
    "1.2",
    "v1.2.3",
    "1.2.3.4",
    "01.2.3",
    "1.2.3-",
    "1.2.3-rc",
    "1.2.3-rc.01",
    "1.2.3+b",
    "1.2.3 ",
    "1.2.٣",
)


@pytest.mark.parametrize("text", NOT_VERSIONS)
def test_what_is_not_a_version_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ReleaseError) as refused:
        parse(text)
    ((reason, hint),) = refused.value.problems
    assert reason == f"{text!r} is not a version"
    assert "make release VERSION=1.4.0" in hint


def test_the_newest_of_the_tags_is_found_among_others() -> None:
    assert newest(["v0.9.0", "v0.10.0", "v0.10.0-rc.1", "v11", "nightly", "x1.0.0"]) == parse("0.10.0")
    assert newest(["nightly"]) is None
