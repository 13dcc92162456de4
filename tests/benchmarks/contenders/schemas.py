"""A contract's rules as a pydantic model and as a JSON Schema, for the contenders that validate with those."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, create_model
from pydantic import Field as Rule

from datavault.contract import Field

from ..datasets import datasets


@cache
def model(dataset: str) -> type[BaseModel]:
    return _model(dataset, datasets()[dataset].contract.fields)


def _model(name: str, fields: tuple[Field, ...]) -> type[BaseModel]:
    members: dict[str, Any] = {
        field.name: (_kind(field), ...) if field.required else (_kind(field) | None, None) for field in fields
    }
    config = ConfigDict(extra="forbid", strict=True)
    return create_model(name, __config__=config, **members)


def _kind(field: Field) -> Any:  # noqa: PLR0911  one case per type
    match field.type:
        case "string" if field.enum:
            return Literal[field.enum]
        case "string":
            rules = StringConstraints(pattern=field.pattern, min_length=field.min_length, max_length=field.max_length)
            return Annotated[str, rules]
        case "integer":
            return Annotated[int, Rule(ge=field.minimum, le=field.maximum)]
        case "number":
            # Strict floats refuse 5, which is a number in JSON.
            return Annotated[float, Rule(ge=field.minimum, le=field.maximum, strict=False)]
        case "timestamp":
            return Annotated[AwareDatetime, Rule(strict=False)]
        case "object":
            return _model(field.name or "item", field.fields)
        case "array" if field.items:
            return list[_kind(field.items)]  # type: ignore[misc]  a type that is computed
        case kind:
            raise ValueError(f"no dataset of the benchmark has a {kind}")


def json_schema(dataset: str) -> dict[str, Any]:
    return _object(datasets()[dataset].contract.fields)


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _schema(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _schema(field: Field) -> dict[str, Any]:
    match field.type:
        case "object":
            return _object(field.fields)
        case "array" if field.items:
            found: dict[str, Any] = {"type": "array", "items": _schema(field.items)}
        case "timestamp":
            found = {"type": "string", "format": "date-time"}
        case kind:
            found = {"type": kind}
    rules = {
        "minimum": field.minimum,
        "maximum": field.maximum,
        "pattern": field.pattern,
        "minLength": field.min_length,
        "maxLength": field.max_length,
        "enum": list(field.enum) or None,
    }
    found |= {name: rule for name, rule in rules.items() if rule is not None}
    return found if field.required or field.type == "array" else found | {"type": [found["type"], "null"]}


def is_instant(text: object) -> bool:
    """What the format date-time asks for; jsonschema leaves it to a checker."""
    try:
        return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
