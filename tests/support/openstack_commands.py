"""Runs by the clients' own interpreter: `openstack` command lines from stdin, one JSON list a line, in one process.

Each is carried out by the real entry point; only the interpreter's start is saved. It knows nothing of Kasugai.
"""

import contextlib
import io
import json
import sys

from openstackclient.shell import main  # type: ignore[import-not-found]


def run(words: list[str]) -> dict[str, object]:
    """Return what a command line ended with and said."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as ended:
            code = ended.code
    return {"code": code or 0, "out": out.getvalue(), "err": err.getvalue()}


said = sys.stdout
for line in sys.stdin:
    said.write(json.dumps(run(json.loads(line))) + "\n")
    said.flush()
