"""avro-python3 ended in 2021: it checks our schemas in tests, and nothing that runs reaches it (ADR 18)."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PROCESSES = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "avro":
            raise SystemExit("a process imports " + name)

sys.meta_path.insert(0, Refusing())
import kasugai.api.project_app, kasugai.api.serve, kasugai.api.wsgi
import kasugai.cli.main, kasugai.cli.checks, kasugai.cli.watch
import kasugai.streams.correlate_app, kasugai.streams.route_app, kasugai.workers.app
from kasugai.schemas import codec, registry
registry.versions()
codec.encode(codec.decode(bytes.fromhex(sys.argv[1])))
"""


def test_no_process_imports_it_by_any_way() -> None:
    from kasugai.core.words.signals import Tick
    from kasugai.core.words.timing import Millis
    from kasugai.schemas.codec import encode

    frame = encode(Tick(period=Millis(1000))).hex()
    done = subprocess.run(
        [sys.executable, "-c", PROCESSES, frame], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_runs_is_locked_without_it_and_the_tests_with_it() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    locked = {
        name: re.findall(r"^(avro[\w-]*)==", (REPO / "requirements" / name).read_text(), re.MULTILINE)
        for name in ("run.txt", "dev.txt")
    }
    assert locked == {"run.txt": [], "dev.txt": ["avro-python3"]}
    assert not [each for each in project["project"]["dependencies"] if each.startswith("avro")]
