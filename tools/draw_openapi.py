"""Writes docs/api/openapi.json anew from the API's own schemas; a test says when that is due."""

from pathlib import Path

from kasugai.api.own.openapi import document

FILE = Path(__file__).resolve().parents[1] / "docs" / "api" / "openapi.json"

if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(document())
