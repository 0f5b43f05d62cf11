"""What the demo's processes are told: never about the power devices of the machine that it runs on."""

from pathlib import Path

from kasugai.adapters.power import NoPower, power_of
from kasugai.adapters.settings import load
from kasugai.cli.demo.parts import CONFIG


def test_the_demo_has_no_power_devices(tmp_path: Path) -> None:
    """Its hosts may bear the names of real ones."""
    file = tmp_path / "kasugai.conf"
    file.write_text(
        CONFIG.format(kafka="k:1", redis="redis://r:1/0", cloud="sim", file="x", partitions=4, profile="test")
    )
    assert isinstance(power_of(load([str(file)]).power, 3), NoPower)
