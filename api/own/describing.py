"""The words of which the OpenAPI document's schemas are put together."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$"}
MAYBE_TIME: Schema = TIME | {"type": ["string", "null"]}
STAMP: Schema = {"type": "string", "format": "date-time"}
MAYBE_STAMP: Schema = {"type": ["string", "null"], "format": "date-time"}


def thing(**properties: Schema) -> Schema:
    """Return an object that has exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def many(item: Schema) -> Schema:
    """Return a list."""
    return {"type": "array", "items": item}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def words(*members: str) -> Schema:
    """Return a closed set."""
    return {"type": "string", "enum": [str(member) for member in members]}


Operation = tuple[str, str, str, int, Schema | None]
"""Method, path, summary, status, what is answered (None: nothing)."""
