"""The OpenAPI 3.1 document of both mounts: Masakari's resources below /v1, Kasugai's own below /kasugai/v1.

Drawn from the schemas by which bodies are checked and from what answers look like; tools/draw_openapi.py writes it to
docs/api/openapi.json, and tests hold it against the routes and against real answers.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version

from kasugai.api.own.describing import TEXT, Operation, Schema, ref
from kasugai.api.own.describing_explain import EXPLAIN_OPERATIONS, EXPLAIN_QUERIES, STANDING
from kasugai.api.own.describing_incidents import (
    INCIDENT_BODIES,
    INCIDENT_OPERATIONS,
    INCIDENT_QUERIES,
    INCIDENTS,
)
from kasugai.api.own.describing_masakari import (
    MASAKARI,
    MASAKARI_BODIES,
    MASAKARI_OPERATIONS,
    MASAKARI_QUERIES,
)
from kasugai.api.own.describing_recoveries import RECOVERY, RECOVERY_OPERATIONS, RECOVERY_QUERIES
from kasugai.api.own.rules import MOUNT

SCHEMAS: Mapping[str, Schema] = {**MASAKARI, **INCIDENTS, "Standing": STANDING, "Recovery": RECOVERY}
OPERATIONS: tuple[Operation, ...] = (
    *MASAKARI_OPERATIONS,
    *INCIDENT_OPERATIONS,
    *EXPLAIN_OPERATIONS,
    *RECOVERY_OPERATIONS,
    ("get", f"{MOUNT}/openapi.json", "Show this document.", 200, {"type": "object"}),
)
BODIES: Mapping[tuple[str, str], Schema] = {**MASAKARI_BODIES, **INCIDENT_BODIES}
QUERIES: Mapping[str, Mapping[str, Schema]] = {
    **MASAKARI_QUERIES,
    **INCIDENT_QUERIES,
    **EXPLAIN_QUERIES,
    **RECOVERY_QUERIES,
}


def document() -> bytes:
    """Return the document as JSON with sorted keys."""
    return (json.dumps(described(), indent=1, sort_keys=True) + "\n").encode()


def described() -> Schema:
    """Return the document."""
    paths: dict[str, Schema] = {}
    for method, path, summary, status, shown in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(method, path, summary, status, shown)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kasugai",
            "version": version("kasugai"),
            "description": "Masakari's API below /v1, and Kasugai's own resources below /kasugai/v1.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}},
        },
        "security": [{"token": []}],
    }


def _operation(method: str, path: str, summary: str, status: int, shown: Schema | None) -> Schema:
    answer: Schema = {"description": summary}
    if shown is not None:
        answer["content"] = {"application/json": {"schema": shown}}
    found: Schema = {
        "summary": summary,
        "operationId": f"{method} {path}",
        "parameters": [*_in_path(path), *_in_query(method, path)],
        "responses": {str(status): answer, "default": _fault()},
    }
    if (method, path) in BODIES:
        schema = json.loads(
            json.dumps(BODIES[method, path]).replace("\\\\Z", "$")
        )  # ECMA 262's word for the end
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _in_path(path: str) -> list[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]


def _in_query(method: str, path: str) -> list[Schema]:
    found = QUERIES.get(path, {}) if method == "get" else {}
    return [
        {"name": name, "in": "query", "required": name == "subject", "schema": schema}
        for name, schema in found.items()
    ]


def _fault() -> Schema:
    return {
        "description": "What is wrong; a path that leads nowhere and a refused token are plain text.",
        "content": {
            "application/json": {"schema": ref("Fault")},
            "text/plain": {"schema": TEXT},
        },
    }
