"""The OpenAPI document, put to the test by schemathesis: whatever it makes up, no answer is a 500 or not as described.

The application and its server are the real ones, on doors in memory.
"""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import waitress.server

from kasugai.api.own.openapi import OPERATIONS, document
from tests.support.api_doors import Api
from tests.support.incidents import SHOP
from tests.support.projections import UUID_1
from tests.unit.api.test_own import CASE, views

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

TOOL = Path(__file__).resolve().parents[3] / ".venv-clients" / "bin" / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

MOVE = views().moves[UUID_1][0].uuid
RECOVERY = views().owned[SHOP][0].recovery
KNOWN = f"""\
[parameters]
"path.notification_id" = "{UUID_1}"
"path.vmove_id" = "{MOVE}"
"path.incident" = "{CASE}"
"path.recovery" = "{RECOVERY}"
"path.alias" = "segments"
"""
"""What is there, so that not every question ends with a 404; ids of segments and hosts are made up."""


@pytest.fixture
def url() -> Iterator[str]:
    """Serve an API that knows a segment, a host, a notification and an incident."""
    api = Api(views=views())
    api.host(api.segment("rack1")["uuid"], "cmp1")
    server = waitress.server.create_server(api.wsgi, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)


def test_no_answer_is_a_500_or_other_than_described(url: str, tmp_path: Path) -> None:
    assert TOOL.exists(), "type make clients"
    (tmp_path / "schemathesis.toml").write_text(KNOWN)
    file = tmp_path / "openapi.json"
    file.write_bytes(document())
    done = subprocess.run(
        [
            *(str(TOOL), "run", str(file), "--url", url),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "8", "--seed", "1", "--workers", "1", "--no-color"),
            *("--suppress-health-check", "all", "--header", f"X-Auth-Token: admin:{SHOP}"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert f"Tested: {len(OPERATIONS)}" in done.stdout, done.stdout[-3000:]
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
