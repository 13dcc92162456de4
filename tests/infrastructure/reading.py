"""Whether an identity policy lets a request through, as far as the policy for readers of objects goes.

Only the operators that it uses are known; another one is an error, so that no condition is passed over in silence.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str]


def is_allowed(statements: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool:
    """Denied unless a statement allows it, and whatever allows it when one denies it."""
    effects = {
        statement["Effect"]
        for statement in statements
        if action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        and all(
            _holds(operator, key, wanted, context)
            for operator, conditions in statement.get("Condition", {}).items()
            for key, wanted in conditions.items()
        )
    }
    return effects == {"Allow"}


def _holds(operator: str, key: str, wanted: str | list[str], context: Context) -> bool:
    found = context.get(key)
    if operator == "Null":
        return (found is None) == (wanted == "true")
    values = [_filled(value, context) for value in ([wanted] if isinstance(wanted, str) else wanted)]
    match operator:
        case "StringEquals":
            return found is not None and found in values
        case "StringNotEquals":  # true as well where the key is absent
            return found is None or found not in values
        case "StringLike":
            return found is not None and any(value and fnmatchcase(found, value) for value in values)
    raise NotImplementedError(operator)


def _filled(value: str, context: Context) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda variable: context[variable[1]], value)
