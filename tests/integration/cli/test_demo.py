"""The demo itself, as `make demo` runs it with its output piped: exit 0, no report typed, everything told, nothing left
behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

WITHIN = 115.0
"""Seconds: other tests run beside it."""


def test_the_demo_ends_well_and_tells_the_whole_story(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kasugai.cli", "demo"],
        check=False,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    assert "\x1b" not in told
    assert "under the TEST timing profile" in told
    assert "liveness hears the agents of cmp1, cmp2, cmp3, cmp4" in told
    assert "fault publish" not in told
    assert "open cmp1 (power-off)" in told and "fence cmp1: power-off" in told
    suspected, found, moving, back = map(float, re.findall(r"^ +(\d+\.\d)  \w", told, re.MULTILINE))
    assert 1.0 < suspected <= found <= moving < back
    assert re.search(r"kill -9 \d+: worker-\d, which acts, is gone, with \d+ of 12 evacuations", told)
    assert "adopt cmp1 (epoch 2)" in told
    assert "phase:     recovered" in told
    rows = re.findall(r"^(\w+) +cmp1 +(cmp[234]) +(.*?)  +(.*?)  +(\d)$", told, re.MULTILINE)
    assert len(rows) == 12
    assert all(was == now and count == "1" for _, _, was, now, count in rows)
    assert {name: was for name, _, was, _, _ in rows if was != "active"} == {
        "batch1": "stopped",
        "db1": "active, locked",
    }
    assert "All 12 instances are back" in told
    assert "What to try next" in told
    assert list(tmp_path.iterdir()) == []
