"""What a log line tells, and what it never does. Each case is a process: oslo.log sets up the root logger."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kasugai.adapters.telemetry.logs import Mask

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
    assert "a bug" in second and "    OSError: the disk is full" in traceback


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


def test_a_bug_while_the_log_is_set_up_is_told_as_itself(tmp_path: Path) -> None:
    conf = tmp_path / "kasugai.conf"
    conf.write_text(CONF)
    broken = CODE.replace("set_up(sys.argv", "logs.secrets_of = lambda _: 1 / 0\nset_up(sys.argv", 1)
    code = "from kasugai.adapters.telemetry import logs\n" + broken
    done = subprocess.run([sys.executable, "-c", code, conf], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "Formatting field" not in done.stderr


def test_a_log_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    """A masakari.conf names Masakari's own log directory, which need not be there."""
    conf = tmp_path / "masakari.conf"
    conf.write_text(f"[DEFAULT]\nlog_dir = {tmp_path}/not-there\n{CONF}")
    command = [sys.executable, "-m", "kasugai.cli", "route", "--config-file", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "log_dir" in done.stderr and "not-there" in done.stderr


SIGNS = "".join(map(chr, [*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028, 0x2029, 0xFEFF, 0xD800]))
HOSTILE = """
signs = "".join(map(chr, [*range(32), *range(0x7f, 0xa0), 0x202e, 0x2066, 0x2028, 0x2029, 0xfeff, 0xd800]))
forged = "\\n2026-11-30 00:00:00.000 1 INFO kasugai.workers.lane: all is well"
with about(host="cmp1" + signs):
    log.warning("it says %s%s", signs, forged)
    try:
        raise ValueError(signs + forged)
    except ValueError:
        log.exception("a bug")
"""


def test_a_message_a_name_and_an_error_forge_no_line_of_the_text_log(tmp_path: Path) -> None:
    found = lines(tmp_path, HOSTILE)
    records = [line for line in found if not line.startswith("    ")]
    assert [line.split()[3:5] for line in records] == [
        ["WARNING", "kasugai.workers.lane"],
        ["ERROR", "kasugai.workers.lane"],
    ]
    assert "\\n2026-11-30 00:00:00.000 1 INFO" in records[0] and "\\u001b" in records[0]
    assert set("".join(found)) & set(SIGNS) == set()
    assert any(line.startswith("    2026-11-30") for line in found)


def test_json_holds_the_very_same_text_and_shows_escapes(tmp_path: Path) -> None:
    found = lines(tmp_path, HOSTILE, "[DEFAULT]\nuse_json = true\n")
    assert set("".join(found)) & set(SIGNS) == set()
    first, second = map(json.loads, found)
    assert SIGNS in first["message"] and first["extra"]["host"] == "cmp1" + SIGNS
    assert second["message"] == "a bug"


def test_a_long_word_costs_no_more_than_its_length() -> None:
    """It cost the square: an error that quotes 100,000 characters kept a process busy for half a minute."""
    mask, began = Mask(["hunter2hunter2"]), time.process_time()
    assert mask.all("e" * 200_000) == "e" * 200_000
    assert time.process_time() - began < 5.0


def test_a_password_behind_a_long_scheme_is_masked_all_the_same() -> None:
    assert Mask([]).all(f"{'x' * 60}://u:hush@h") == f"{'x' * 60}://u:***@h"


@pytest.mark.parametrize("json_too", [False, True])
def test_what_is_long_is_cut_and_says_so(tmp_path: Path, json_too: bool) -> None:
    code = """
with about(host="h" * 300):
    log.warning("m" * 9_000)
    try:
        raise ValueError("e" * 90_000)
    except ValueError:
        log.exception("a bug")
"""
    found = lines(tmp_path, code, "[DEFAULT]\nuse_json = true\n" if json_too else "")
    if json_too:
        assert all(json.loads(line) for line in found)
    assert max(map(len, found)) < 30_000
    assert "h" * 256 not in found[0] and "(1000 more characters)" in found[0]
