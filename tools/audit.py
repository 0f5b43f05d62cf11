"""Asks for known advisories about everything that is locked (`make audit`), and says of each lock whether it could.

pip-audit asks PyPI, which answers from the Python Packaging Advisory Database. A lock about which nobody could be asked
is not a lock without advisories: exit 3. Exit 1: there are some.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

REPO = Path(__file__).resolve().parents[1]
PROGRAM = REPO / ".venv-tools" / "bin" / "pip-audit"
FOUND, NOT_ASKED = 1, 3


def locks() -> list[Path]:
    """Return the files of requirements/ that pin everything by hashes."""
    return sorted(file for file in (REPO / "requirements").glob("*.txt") if "--hash=" in file.read_text())


def audit(program: Path, lock: Path) -> tuple[int, list[str]]:
    """Return 0, FOUND or NOT_ASKED about one lock, and the lines to print."""
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [str(program), "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(answer), "--requirement", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answer.exists():
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return NOT_ASKED, [f"--  {lock.name}: NOT AUDITED, nobody could be asked: {last}"]
        return told(lock.name, json.loads(answer.read_text())["dependencies"])


def told(name: str, packages: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Return what pip-audit's answer says about a lock."""
    passed_over = [each for each in packages if "skip_reason" in each]
    bad = [each for each in packages if each.get("vulns")]
    lines = [_unasked(name, passed_over, len(packages))] if passed_over else []
    lines += [f"NO  {name}: {_sentence(each, advisory)}" for each in bad for advisory in each["vulns"]]
    if not lines:
        return 0, [f"ok  {name}: no advisory about any of {len(packages)} packages"]
    return FOUND if bad else NOT_ASKED, lines


def _unasked(name: str, passed_over: Sequence[dict[str, Any]], count: int) -> str:
    first = passed_over[0]
    return f"--  {name}: NOT AUDITED: {len(passed_over)} of {count} packages; {first['name']}: {first['skip_reason']}"


def _sentence(package: dict[str, Any], advisory: dict[str, Any]) -> str:
    mended = ", ".join(advisory["fix_versions"]) or "no version yet"
    return (
        f"{package['name']} {package['version']}: {advisory['id']}, mended in {mended}: make lock UPGRADE=1"
    )


def main(names: Sequence[str], program: Path = PROGRAM) -> int:
    """Audit the locks that are named, or all; return the worst of what was found."""
    codes = []
    for lock in [Path(name) for name in names] or locks():
        code, lines = audit(program, lock)
        codes.append(code)
        print("\n".join(lines), flush=True)
    return FOUND if FOUND in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
