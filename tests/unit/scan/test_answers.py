"""What a tool wrote is read as what it meant.

The answers are real ones, cut down; those of osv-scanner and Dependency-Check by databases of one made-up advisory.
The vulnerability of trivy is written by its report's types, because its database could not be had.
"""

from pathlib import Path

import pytest
from scripts.scan.findings import BrokenError, Finding
from scripts.scan.tools import checkov, dependency_check, gitleaks, osv, trivy

ANSWERS = Path(__file__).parent / "answers"


def answer(name: str) -> bytes:
    return (ANSWERS / name).read_bytes()


def test_a_secret_is_named_by_its_file_line_and_commit_and_not_shown() -> None:
    first, second = gitleaks.read(answer("gitleaks.json"))
    assert (first.rule, first.place, first.line) == ("github-pat", "b.py#87da524c8770", 1)
    assert (second.rule, second.severity) == ("aws-access-token", "high")
    assert "REDACTED" not in repr([first, second])


def test_a_vulnerability_of_osv_is_named_by_its_lock_file_and_package() -> None:
    findings, packages = osv.read(answer("osv.json"), Path("/checkout"))
    assert findings == [Finding("PYSEC-2026-1", "uv.lock", "six@1.17.0", "made up", "critical")]
    assert packages == 2


def test_a_misconfiguration_of_checkov_is_named_by_its_file_and_resource() -> None:
    findings, summaries = checkov.read(answer("checkov.json"))
    assert [(finding.rule, finding.place) for finding in findings] == [
        ("CKV_DOCKER_2", "Dockerfile"),
        ("CKV_DOCKER_7", "Dockerfile"),
        ("CKV_K8S_21", "k8s/argocd/health.yaml#ConfigMap.default.argocd-cm"),
        ("CKV_K8S_21", "k8s/base/service.yaml#Service.default.datavault-processor"),
    ]
    assert [summary.passed for summary in summaries] == [266, 83]


def test_a_misconfiguration_of_trivy_is_named_by_its_file_and_resource() -> None:
    assert [(one.rule, one.place, one.severity) for one in trivy.read(answer("trivy-config.json"))] == [
        ("AVD-AWS-0132", "main.tf#aws_s3_bucket.made_up", "high"),
        ("DS002", "Dockerfile", "high"),
    ]


def test_a_secret_of_trivy_is_named_by_its_file_and_not_shown() -> None:
    (found,) = trivy.read(answer("trivy-secret.json"))
    assert (found.rule, found.place, found.severity) == ("github-pat", "b.py", "critical")
    assert "ghp_" not in repr(found)


def test_a_vulnerability_of_trivy_says_where_it_is_mended() -> None:
    (found,) = trivy.read(answer("trivy-vulnerabilities.json"), "build/sbom/processor.cdx.json")
    assert (found.rule, found.place) == ("CVE-2099-0001", "build/sbom/processor.cdx.json#six@1.17.0")
    assert found.message.endswith("mended in 99.0")


def test_a_vulnerability_of_dependency_check_comes_with_the_day_of_its_database() -> None:
    findings, version, day, packages = dependency_check.read(answer("dependency-check.json"))
    assert [(one.rule, one.place, one.severity) for one in findings] == [
        ("CVE-2026-0001", "uv.lock#urllib3@2.8.0", "critical")
    ]
    assert (version, packages) == ("13.0.0", 2)
    assert day is not None
    assert day.isoformat() == "2026-11-30T13:32:57+00:00"


@pytest.mark.parametrize("text", ["", "clean", "{}", "null", '{"results": null}', "No issues found"])
@pytest.mark.parametrize(
    "read",
    [gitleaks.read, lambda text: osv.read(text, Path("/")), checkov.read, trivy.read, dependency_check.read],
    ids=["gitleaks", "osv", "checkov", "trivy", "dependency-check"],
)
def test_an_answer_of_another_form_is_broken_and_not_clean(read: object, text: str) -> None:
    with pytest.raises(BrokenError, match="cannot be read"):
        read(text)  # type: ignore[operator]
