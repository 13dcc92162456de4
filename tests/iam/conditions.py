"""The Condition element of IAM policies: the operators that our policies use, and an error for every other.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

# What a request says of itself: the key in small letters, and one value, or several of a key that has several.
Context = Mapping[str, str | tuple[str, ...]]

Compare = Callable[[str, str], bool]

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class UnsupportedPolicyError(Exception):
    """A policy says what this evaluator does not know; to guess would be to prove nothing."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(pattern: str, value: str) -> bool:
    """Whether `*` and `?` of the pattern can stand for something that gives the value."""
    return bool(_compiled(pattern).fullmatch(value))


def arn_like(pattern: str, value: str) -> bool:
    """Compare the six parts of two ARNs each for itself: a wildcard does not reach over a colon, but in the last."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(map(like, patterns, values))


# ArnEquals and ArnLike do the same, AWS says.
_OPERATORS: dict[str, Compare] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_SETS: dict[str, Callable[[list[bool]], bool]] = {"ForAnyValue": any, "ForAllValues": all}


def check(condition: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a condition that `holds` could not judge.

    Raises
    ------
    UnsupportedPolicyError
        It has an operator that is not known.
    """
    for operator in condition:
        quantifier, _, plain = operator.rpartition(":")
        name = plain.removesuffix("IfExists")
        if name not in {*_OPERATORS, *_NEGATED, "Null"} or (quantifier and quantifier not in _SETS):
            raise UnsupportedPolicyError(f"condition operator {operator}")


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether every key of every operator holds."""
    return all(
        _holds(operator, key.lower(), [values] if isinstance(values, str) else values, context)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def fill(pattern: str, context: Context) -> str | None:
    """Put the request's values for `${variables}`; None where the request lacks one, and nothing can match.

    Raises
    ------
    UnsupportedPolicyError
        A value that would be taken for a pattern, or several: `${*}` and keys with many values are not known here.
    """
    *parts, last = _VARIABLE.split(pattern)
    filled = ""
    for text, name in zip(parts[::2], parts[1::2], strict=True):
        value = context.get(name.lower())
        if value is None and name not in "*?$":
            return None
        if not isinstance(value, str) or set(value) & set("*?"):
            raise UnsupportedPolicyError(f"the variable ${{{name}}}")
        filled += text + value
    return filled + last


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    quantifier, _, plain = operator.rpartition(":")
    name = plain.removesuffix("IfExists")
    given = context.get(key)
    if name == "Null":
        return (given is None) == (wanted[0] == "true")
    is_negated = name in _NEGATED
    if given is None:
        # Without the key nothing equals: so a negated operator is true, and ForAllValues has nothing to find wrong.
        return is_negated or plain.endswith("IfExists") or quantifier == "ForAllValues"
    positive = _NEGATED.get(name, name)
    patterns = [fill(text, context) for text in wanted]
    compare = _OPERATORS[positive]

    def fits(value: str) -> bool:
        return any(compare(pattern, value) for pattern in patterns if pattern is not None) != is_negated

    if isinstance(given, str):
        return fits(given)
    if not quantifier:
        raise UnsupportedPolicyError(f"{operator} of {key}, which has several values")
    return _SETS[quantifier]([fits(value) for value in given])
