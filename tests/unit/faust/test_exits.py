"""A process that leaves says why, and leaves also when nobody listens."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError

from kasugai.adapters.faust import run

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


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KafkaConnectionError("Unable to bootstrap"), 75, "Kafka went away before the processor was ready"),
        (ValueError("a bug"), 70, "Faust has crashed: ValueError('a bug')"),
    ],
)
def test_a_broker_that_goes_while_it_starts_is_no_bug(
    error: Exception, code: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Left(Exception):
        """Instead of the end."""

    def leave(code: int, why: str) -> None:
        raise Left(code, why)

    app = SimpleNamespace(crash_reason=error)
    monkeypatch.setattr("kasugai.adapters.faust.exits.leave", leave)
    with pytest.raises(Left) as left:
        run._tell_crash(app, [])  # type: ignore[arg-type]
    assert left.value.args[0] == code and says in left.value.args[1]
