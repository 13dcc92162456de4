"""The share of mutants that some test saw, of those that were tried; exit code 1 below a limit.

usage: python -m tests.mutation.score STATISTICS PERCENT      STATISTICS: mutmut-cicd-stats.json
"""

import json
import sys
from pathlib import Path

# A mutant that never ends was seen as well as one that fails.
_SEEN = ("killed", "timeout", "segfault")
_UNSEEN = ("survived", "no_tests", "suspicious")


def judge(statistics: dict[str, int], percent: float) -> tuple[bool, str]:
    """Whether the score is good enough, and a line about it."""
    if statistics.get("check_was_interrupted_by_user"):
        return False, "mutation: interrupted, so there is no score"
    seen = sum(statistics[kind] for kind in _SEEN)
    tried = seen + sum(statistics[kind] for kind in _UNSEEN)
    if not tried:
        return False, "mutation: no mutant was tried\n  hint: is the pattern right? datavault.seal.*"
    score = 100 * seen / tried
    return (
        score >= percent,
        f"mutation: {seen} of {tried} mutants were seen: {score:.1f} %, and the limit is {percent:g} %",
    )


def main() -> int:
    good, line = judge(json.loads(Path(sys.argv[1]).read_text()), float(sys.argv[2]))
    print(line)  # noqa: T201  a script's output
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
