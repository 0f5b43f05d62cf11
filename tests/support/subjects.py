"""Makers of values say `host=` where a test is about another host: this turns it into the value's subject."""

from dataclasses import replace
from typing import Any

from kasugai.core.words.subject import Subject, host_subject

CMP1 = host_subject("cmp1")


def about(given: dict[str, Any], usual: Subject = CMP1) -> dict[str, Any]:
    """Return the fields with `kind`, `host` and `named` (the subject's detail) as one subject, where any is given."""
    fields = {"kind": "kind", "host": "host", "named": "detail"}
    words = {field: given[name] for name, field in fields.items() if name in given}
    rest = {name: value for name, value in given.items() if name not in fields}
    return {**rest, "subject": replace(usual, **words)} if words else rest
