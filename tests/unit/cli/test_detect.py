"""`kasugai sim detect` prints the same, by however many processes its seeds are played."""

import pytest

from kasugai.cli.detect_text import confirmed, fenced


def test_two_processes_find_what_one_finds(capsys: pytest.CaptureFixture[str]) -> None:
    assert not confirmed(range(3), has_bmc=True)
    assert not fenced(range(1, 2))
    alone = capsys.readouterr().out
    assert "3 runs" in alone
    assert "living hosts fenced, stalled       1 runs  0 (limit 0)" in alone
    assert not confirmed(range(3), has_bmc=True, parallel=2)
    assert not fenced(range(1, 2), parallel=2)
    assert capsys.readouterr().out == alone
