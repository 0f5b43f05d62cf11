"""Takes secrets out of what a fence agent says, before anybody keeps or shows it.

A secret is the value of a parameter whose name sounds like one; and an agent that echoes a line of its input shows no
value at all (that is how it complains about a misspelt name).
"""

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

SECRET = re.compile(r"passw|secret|token|key|community|credential", re.IGNORECASE)
"""Names whose values are secrets."""
MASK = "***"


def redact(text: str, parameters: Mapping[str, str]) -> str:
    """Return `text` without the secrets among `parameters`, however an agent may have written them."""
    for shown, instead in sorted(_replacements(parameters), key=lambda pair: -len(pair[0])):
        text = text.replace(shown, instead)
    return text


def _replacements(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Longest first, so that no part of a secret is left beside its mask."""
    for name, value in parameters.items():
        if not value:
            continue
        yield f"{name}={value}", f"{name}={MASK}"
        if SECRET.search(name):
            for form in _forms(value, parameters):
                yield form, MASK


def _forms(secret: str, parameters: Mapping[str, str]) -> Iterator[str]:
    """A secret as it stands, quoted for JSON, URLs, Python and shells, and in a Basic authorization."""
    yield from {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(secret),
        quote_plus(secret),
        shlex.quote(secret),
    }
    yield base64.b64encode(secret.encode()).decode()
    for name in ("login", "username"):
        if name in parameters:
            yield base64.b64encode(f"{parameters[name]}:{secret}".encode()).decode()
