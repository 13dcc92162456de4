"""The quality gate of a server that is ours, and the figures of an analysis."""

from .api import Api

PROJECT = "datavault"  # sonar.projectKey
FIGURES = {
    "bugs": "bugs",
    "vulnerabilities": "vulnerabilities",
    "code_smells": "code smells",
    "sqale_rating": "maintainability (1 is A)",
    "coverage": "coverage, %",
    "duplicated_lines_density": "duplicated lines, %",
    "cognitive_complexity": "cognitive complexity, all functions",
    "tests": "tests",
    "ncloc": "lines of code",
}


def conditions(coverage: str, duplication: str) -> list[dict[str, str]]:
    """What fails: of the whole code, not only of what is new. The limits are those of `make quality`."""
    return [
        {"metric": "bugs", "op": "GT", "error": "0"},
        {"metric": "vulnerabilities", "op": "GT", "error": "0"},
        {"metric": "sqale_rating", "op": "GT", "error": "1"},
        {"metric": "coverage", "op": "LT", "error": coverage},
        {"metric": "duplicated_lines_density", "op": "GT", "error": duplication},
    ]


def set_up(api: Api, wanted: list[dict[str, str]]) -> str:
    """Make project, gate and token on an empty server; the token."""
    api.post("projects/create", project=PROJECT, name="DataVault")
    api.post("qualitygates/create", name=PROJECT)
    for given in api.get("qualitygates/show", name=PROJECT).get("conditions", []):
        api.post("qualitygates/delete_condition", id=given["id"])
    for condition in wanted:
        api.post("qualitygates/create_condition", gateName=PROJECT, **condition)
    api.post("qualitygates/select", gateName=PROJECT, projectKey=PROJECT)
    return str(api.post("user_tokens/generate", name=PROJECT, type="GLOBAL_ANALYSIS_TOKEN")["token"])


def figures(api: Api) -> dict[str, str]:
    """What the analysis found, in the order of the list above."""
    answer = api.get("measures/component", component=PROJECT, metricKeys=",".join(FIGURES))
    found = {measure["metric"]: measure["value"] for measure in answer["component"]["measures"]}
    return {words: found.get(metric, "-") for metric, words in FIGURES.items()}


def failures(api: Api) -> list[str]:
    """The gate's conditions that do not hold; empty when it passes."""
    status = api.get("qualitygates/project_status", projectKey=PROJECT)["projectStatus"]
    found = [
        f"{one['metricKey']} is {one['actualValue']}, and the limit {one['errorThreshold']}"
        for one in status["conditions"]
        if one["status"] == "ERROR"
    ]
    return found or ([] if status["status"] == "OK" else [f"the gate says {status['status']}"])


def serious(api: Api) -> list[str]:
    """Bugs and vulnerabilities, one a line; at most 100."""
    answer = api.get("issues/search", componentKeys=PROJECT, types="BUG,VULNERABILITY", resolved="false", ps="100")
    return [
        f"{issue['component'].partition(':')[2]}:{issue.get('line', 0)}: {issue['rule']} {issue['message']}"
        for issue in answer["issues"]
    ]
