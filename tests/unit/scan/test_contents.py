"""Licences that are unknown or not allowed are found, and packages that an SBOM leaves out."""

from email.message import Message

import pytest
from scripts.scan.findings import Finding
from scripts.scan.tools.contents import compare, installed_here, judge_licences, licence


def package(**headers: str | list[str]) -> Message:
    about = Message()
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            about[name.replace("_", "-")] = value
    return about


BSD, APACHE, GPL = (
    f"License :: OSI Approved :: {name}"
    for name in ("BSD License", "Apache Software License", "GNU General Public License v3 (GPLv3)")
)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (package(License_Expression="MIT", Classifier=GPL), "MIT"),
        (package(Classifier=["Topic :: Utilities", BSD, APACHE], License="Dual License"), "BSD AND Apache-2.0"),
        (package(Classifier=GPL), "GNU General Public License v3 (GPLv3)"),
        (package(License="Apache-2.0"), "Apache-2.0"),
        (package(), ""),
    ],
)
def test_a_licence_is_what_the_metadata_says_first_by_expression(about: Message, expected: str) -> None:
    assert licence(about) == expected


@pytest.mark.parametrize(
    "expression", ["MIT", "Apache-2.0 AND BSD-2-Clause", "GPL-3.0-only OR MIT", "PSF-2.0", "MIT-0 AND MIT"]
)
def test_a_permissive_licence_is_no_finding(expression: str) -> None:
    assert judge_licences({"a@1": package(License_Expression=expression)}, "build/processor.zip") == []


@pytest.mark.parametrize(
    "expression",
    ["GPL-3.0-only", "LGPL-2.1-or-later", "MIT AND AGPL-3.0-only", "MPL-2.0", "(MIT OR GPL-2.0-only)", "mine"],
)
def test_a_licence_that_is_not_on_the_list_is_a_finding(expression: str) -> None:
    (found,) = judge_licences({"a@1": package(License_Expression=expression)}, "build/processor.zip")
    assert (found.rule, found.place, expression in found.message) == ("licence", "build/processor.zip#a@1", True)


@pytest.mark.parametrize("about", [None, package()])
def test_a_package_that_does_not_say_its_licence_is_a_finding(about: Message | None) -> None:
    (found,) = judge_licences({"a@1": about}, "build/processor.zip")
    assert found.message == "its licence is not known"


def test_a_package_of_the_environment_is_found_with_its_metadata() -> None:
    about = installed_here("botocore")
    assert about is not None
    assert licence(about) == "Apache-2.0"
    assert installed_here("made-up-by-nobody") is None


def test_an_sbom_that_leaves_out_or_makes_up_a_package_is_found() -> None:
    found = compare({("six", "1.17.0"), ("made-up", "1")}, {("six", "1.17.0"), ("hidden", "2")}, "p.cdx.json")
    assert found == [
        Finding("sbom", "p.cdx.json", "hidden@2", "is in the zip, but not in its SBOM", "high"),
        Finding("sbom", "p.cdx.json", "made-up@1", "is in the SBOM, but not in the zip", "high"),
    ]
