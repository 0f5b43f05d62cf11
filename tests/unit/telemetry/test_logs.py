"""What a log line tells, and what it never does. Each case is a process: oslo.log sets up the root logger."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import logging, sys
from kasugai.adapters.settings import load
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.logs import set_up
settings = load(sys.argv[1:])
set_up(sys.argv[1:], settings)
log = logging.getLogger("kasugai.workers.lane")
"""
TRACED = """
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
span = NonRecordingSpan(SpanContext(0xabc, 0xdef, False, TraceFlags(1)))
with trace.use_span(span), about(incident="i-1", host="cmp1"), about(step="evacuate:g1"):
    log.warning("evacuation of %s refused", "web1")
log.warning("and on")
"""
CONF = """\
[kafka]
bootstrap_servers = k1:9092
sasl_password = hunter2hunter2
[redis]
url = rediss://kasugai:s3cret%2Fpw@redis1:6379/0
[nova]
password = "quo\\"ted"
"""


def lines(tmp_path: Path, code: str, more: str = "") -> list[str]:
    conf = tmp_path / "kasugai.conf"
    conf.write_text(more + CONF)
    done = subprocess.run(
        [sys.executable, "-c", CODE + code, conf], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_line_tells_what_it_is_about(tmp_path: Path) -> None:
    first, second = lines(tmp_path, TRACED)
    about = f"incident=i-1 host=cmp1 step=evacuate:g1 trace_id={0xABC:032x} span_id={0xDEF:016x}"
    assert first.endswith(f"WARNING kasugai.workers.lane {about}: evacuation of web1 refused")
    assert second.endswith("WARNING kasugai.workers.lane: and on")


def test_json_holds_the_same_as_fields(tmp_path: Path) -> None:
    first, second = (json.loads(line) for line in lines(tmp_path, TRACED, "[DEFAULT]\nuse_json = true\n"))
    assert first["message"] == "evacuation of web1 refused"
    assert first["extra"] == {
        "incident": "i-1",
        "host": "cmp1",
        "step": "evacuate:g1",
        "trace_id": f"{0xABC:032x}",
        "span_id": f"{0xDEF:016x}",
    }
    assert second["extra"] == {}


HANDLED = """
try:
    raise OSError("the disk is full")
except OSError as error:
    log.warning("no state: %s", error)
    log.exception("a bug")
"""


def test_a_handled_exception_is_told_by_the_line_itself_and_a_bug_with_its_traceback(tmp_path: Path) -> None:
    first, second, *traceback = lines(tmp_path, HANDLED)
    assert first.endswith("WARNING kasugai.workers.lane: no state: the disk is full")
    assert "a bug" in second and "OSError: the disk is full" in traceback


@pytest.mark.parametrize("json_too", [False, True])
def test_secrets_never_reach_a_line(tmp_path: Path, json_too: bool) -> None:
    code = """
log.warning("SASL with %s failed", settings.kafka.sasl_password)
log.warning("redis %s is away", settings.redis.url)
log.warning("password=swordfish")
log.warning("answer: %s", {"adminPass": "swordfish"})
try:
    raise ValueError("s3cret/pw " + settings.nova.password)
except ValueError:
    log.exception("it failed with hunter2hunter2")
"""
    more = "[DEFAULT]\nuse_json = true\n" if json_too else ""
    text = "\n".join(lines(tmp_path, code, more))
    for secret in ("hunter2hunter2", "s3cret", "swordfish", "quo"):
        assert secret not in text
    assert "rediss://kasugai:***@redis1:6379/0 is away" in text
    assert "Traceback" in text


def test_tasks_keep_to_what_they_are_about(tmp_path: Path) -> None:
    code = """
import asyncio
async def work(host, first, second):
    with about(host=host):
        first.set()
        await second.wait()
        log.info("about %s", host)
async def main():
    one, two = asyncio.Event(), asyncio.Event()
    await asyncio.gather(work("cmp1", one, two), work("cmp2", two, one))
asyncio.run(main())
"""
    assert sorted(line.partition("lane ")[2] for line in lines(tmp_path, code)) == [
        "host=cmp1: about cmp1",
        "host=cmp2: about cmp2",
    ]


def test_a_wrong_option_of_oslo_log_is_told(tmp_path: Path) -> None:
    conf = tmp_path / "kasugai.conf"
    conf.write_text("[DEFAULT]\nuse_json = perhaps\n" + CONF)
    command = [sys.executable, "-m", "kasugai.cli", "route", "--config-file", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "use_json" in done.stderr


def test_a_log_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    """A masakari.conf names Masakari's own log directory, which need not be there."""
    conf = tmp_path / "masakari.conf"
    conf.write_text(f"[DEFAULT]\nlog_dir = {tmp_path}/not-there\n{CONF}")
    command = [sys.executable, "-m", "kasugai.cli", "route", "--config-file", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "log_dir" in done.stderr and "not-there" in done.stderr
