"""Each kind of options opens its own watch, and a driver costs what it needs and no more."""

import subprocess
import sys

import pytest

from kasugai.agents.cluster.opening import open_watch
from kasugai.agents.cluster.options import (
    Agents,
    ClusterOptions,
    ConsulOptions,
    CorosyncOptions,
    KubernetesOptions,
    PacemakerOptions,
)
from tests.support.voices import Heard, Seconds

HEAVY = ("urllib.request", "http.client", "yaml", "confluent_kafka", "fastavro")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (PacemakerOptions(), "pacemaker"),
        (CorosyncOptions(), "corosync"),
        (ConsulOptions(agents=Agents(manage="cmp1")), "consul"),
        (KubernetesOptions(server="https://api", ca_file=None), "kubernetes"),
    ],
)
def test_options_open_their_watch(options: ClusterOptions, name: str) -> None:
    assert open_watch(options, Heard(), host="cmp1", clock=Seconds()).name == name


def test_a_token_is_not_shown() -> None:
    assert "hunter2" not in repr(ConsulOptions(token="hunter2"))


def test_a_host_with_pacemaker_pays_for_no_http() -> None:
    program = (
        "import sys\n"
        "from kasugai.agents.cluster.opening import look_of\n"
        "from kasugai.agents.cluster.options import PacemakerOptions\n"
        "look_of(PacemakerOptions(), 'cmp1')\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
