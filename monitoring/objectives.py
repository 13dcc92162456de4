"""Error budgets: recording rules for each window, and alerts on how fast a budget is used up.

Windows and factors are those of the SRE Workbook (chapter 5, "Multiwindow, Multi-Burn-Rate Alerts") for a budget of 30
days: at 14.4 times the rate that uses it up in 30 days, 2 % of it are gone in an hour. The short window of each pair
ends the alert soon after the cause.
"""

from dataclasses import dataclass
from typing import Any

type Rule = dict[str, Any]


@dataclass(frozen=True)
class Burn:
    """An alert when both windows burn at `factor` times the sustainable rate."""

    factor: float
    long: str
    short: str
    is_fast: bool


BURNS = (
    Burn(14.4, "1h", "5m", is_fast=True),  # 2 % of the budget in 1 hour
    Burn(6, "6h", "30m", is_fast=True),  # 5 % in 6 hours
    Burn(3, "1d", "2h", is_fast=False),  # 10 % in a day
    Burn(1, "3d", "6h", is_fast=False),  # 10 % in 3 days
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

# Of a worker's attempts, one in a hundred may fail: an object has five (modules/queue), and is given up once in 10^10.
PROCESSING_BUDGET = 0.01
# One object that fails all of its five attempts is the dead-letter queue's news, not the budget's.
ATTEMPTS_OF_ONE_OBJECT = 5
# A promise of freshness may be broken for 1 % of the time, 7 hours in 30 days: a deployment, a warehouse that restarts.
FRESHNESS_BUDGET = 0.01

RUNBOOKS = "docs/operations/runbooks"


def objective_rules() -> dict[str, Any]:
    """Make the rules file."""
    return {
        "groups": [
            {"name": "datavault-processing-budget", "rules": [*_processing_ratios(), *_processing_alerts()]},
            {"name": "datavault-freshness-budget", "rules": [*_freshness_ratios(), *_freshness_alerts()]},
        ]
    }


def _processing_ratios() -> list[Rule]:
    def ratio(window: str) -> str:
        # Until the first error, or the first object, there is no such series.
        failed = f"(sum(rate(datavault_processing_errors_total[{window}])) or vector(0))"
        finished = f"(sum(rate(datavault_objects_total[{window}])) or vector(0))"
        return f"{failed} / ({failed} + {finished} > 0)"

    return [{"record": f"datavault:processing_errors:ratio_rate{window}", "expr": ratio(window)} for window in WINDOWS]


def _processing_alerts() -> list[Rule]:
    return [
        _alert(
            "ProcessingErrorBudget",
            burn,
            f"datavault:processing_errors:ratio_rate{burn.long} > {burn.factor:g} * {PROCESSING_BUDGET:g} "
            f"and datavault:processing_errors:ratio_rate{burn.short} > {burn.factor:g} * {PROCESSING_BUDGET:g} "
            f"and sum(increase(datavault_processing_errors_total[{burn.long}])) > {ATTEMPTS_OF_ONE_OBJECT}",
            "The worker's attempts fail too often",
            f"{{{{ $value | humanizePercentage }}}} of the attempts of the last {burn.long} failed; "
            f"{PROCESSING_BUDGET:.0%} may.",
        )
        for burn in BURNS
    ]


def _freshness_ratios() -> list[Rule]:
    return [
        {
            "record": f"datavault:freshness_broken:avg{window}",
            "expr": f"avg_over_time(datavault:freshness_broken[{window}])",
        }
        for window in WINDOWS
    ]


def _freshness_alerts() -> list[Rule]:
    return [
        _alert(
            "FreshnessBudget",
            burn,
            f"datavault:freshness_broken:avg{burn.long} > {burn.factor:g} * {FRESHNESS_BUDGET:g} "
            f"and datavault:freshness_broken:avg{burn.short} > {burn.factor:g} * {FRESHNESS_BUDGET:g}",
            "{{ $labels.dataset }} is older than its contract promises",
            "The promise of {{ $labels.dataset }} was broken for {{ $value | humanizePercentage }} "
            f"of the last {burn.long}; {FRESHNESS_BUDGET:.0%} of the time it may be.",
        )
        for burn in BURNS
    ]


def _alert(budget: str, burn: Burn, expression: str, summary: str, description: str) -> Rule:
    name = f"{budget}{'Fast' if burn.is_fast else 'Slow'}Burn"
    return {
        "alert": name,
        "expr": expression,
        "labels": {"severity": "critical" if burn.is_fast else "warning", "window": burn.long},
        "annotations": {"summary": summary, "description": description, "runbook_url": f"{RUNBOOKS}/{name}.md"},
    }
