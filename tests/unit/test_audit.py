"""`make audit` never takes silence for a clean bill: what nobody could be asked about is said, and is no success."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import audit

SOUND = {"name": "six", "version": "1.17.0", "vulns": []}
UNSOUND = SOUND | {"vulns": [{"id": "PYSEC-1", "fix_versions": ["1.18"]}]}
UNKNOWN = {"name": "six", "skip_reason": "Dependency not found on PyPI"}


def program(folder: Path, answer: list[dict[str, Any]] | None) -> Path:
    """Return a stand-in for pip-audit that answers so; None: it cannot reach anybody."""
    file = folder / "pip-audit"
    say = (
        "sys.exit('ERROR: cannot connect')"
        if answer is None
        else f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({json.dumps({'dependencies': answer})!r})"
    )
    file.write_text(f"#!{sys.executable}\nimport sys\n{say}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ([SOUND], 0, "ok  six.txt: no advisory"),
        (
            [SOUND, UNSOUND],
            audit.FOUND,
            "NO  six.txt: six 1.17.0: PYSEC-1, mended in 1.18: make lock UPGRADE=1",
        ),
        (
            [SOUND, UNKNOWN],
            audit.NOT_ASKED,
            "NOT AUDITED: 1 of 2 packages; six: Dependency not found on PyPI",
        ),
        ([UNKNOWN, UNSOUND], audit.FOUND, "PYSEC-1"),
        (None, audit.NOT_ASKED, "NOT AUDITED, nobody could be asked: ERROR: cannot connect"),
    ],
)
def test_what_an_answer_means(
    answer: list[dict[str, Any]] | None,
    code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lock = tmp_path / "six.txt"
    lock.write_text("")
    assert audit.main([str(lock)], program(tmp_path, answer)) == code
    assert words in capsys.readouterr().out


def test_every_lock_is_audited_unless_some_are_named() -> None:
    names = {lock.name for lock in audit.locks()}
    assert {"run.txt", "dev.txt", "build.txt", "tools.txt"} <= names
    assert not {name for name in names if "overrides" in name}
