"""What every `Cloud` must do (workers/ports.py): one suite, played in three places.

In memory and over HTTP it is the simulated cloud; the third is a real Nova in a process of its own (tests/realnova).
Where the simulator and Nova differ, Nova is right.
"""

import pytest

from tests.support.clouds import play_in_memory, play_over_http
from tests.support.real_nova import RealNova
from tests.support.real_scene import RealPlay, player_on
from tests.support.scenes import Play

REAL = "real Nova"


@pytest.fixture(
    params=["in memory", "over HTTP", pytest.param(REAL, marks=pytest.mark.integration)],
)
def play(request: pytest.FixtureRequest) -> Play:
    if request.param == REAL:
        return player_on(request.getfixturevalue("real_nova"))
    return play_in_memory if request.param == "in memory" else play_over_http


@pytest.fixture(params=["in memory", "over HTTP"])
def play_simulated(request: pytest.FixtureRequest) -> Play:
    """For what knows no Nova: the ways of a client with Keystone, Glance and a wire that fails."""
    return play_in_memory if request.param == "in memory" else play_over_http


@pytest.fixture
def play_real(real_nova: RealNova) -> RealPlay:
    """For what the port does not tell: Nova's own answers."""
    return player_on(real_nova)
