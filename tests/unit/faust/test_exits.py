"""A process that leaves says why, and leaves also when nobody listens."""

import subprocess
import sys

import pytest

LEAVE = """
import logging, sys, threading
from kasugai.adapters.faust import exits
logging.basicConfig(format="%(levelname)s %(message)s")
if "deaf" in sys.argv:
    logging.getLogger().handlers[0].acquire()
    threading.Thread(target=exits.leave, args=(exits.Exit.STUCK, "nothing moves"), daemon=True).start()
    threading.Event().wait()
exits.leave(exits.Exit.SKIPPED, "offset 7 came where 4 was expected")
"""


@pytest.mark.parametrize(("how", "code"), [("aloud", 73), ("deaf", 75)])
def test_it_leaves_with_its_code(how: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVE, how], check=False, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == code
    said = "CRITICAL leaving with exit code 73 (skipped): offset 7 came where 4 was expected\n"
    assert done.stderr == (said if how == "aloud" else "")
