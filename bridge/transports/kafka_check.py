"""How Nova's notifications stand on Kafka, and whether we may see them. Our group is not joined."""

from collections.abc import Iterator

from kasugai.adapters.settings.values import BridgeSettings
from kasugai.bridge.advice import Line, form
from kasugai.bridge.ports import Standing
from kasugai.bridge.transports.kafka import UNVERSIONED, Look, brokers_of, topics_of


def check(bridge: BridgeSettings) -> Iterator[Line]:
    """Yield what there is to say. Blocks."""
    assert bridge.address is not None, "the settings were asked for a bridge"
    topics = Look(brokers_of(bridge), f"{bridge.pool}-check").topics()
    if topics is None:
        yield Line(False, f"Kafka at {bridge.address.shown} does not answer, or does not let us in")
        return
    yield Line(True, f"Kafka at {bridge.address.shown} lets us in")
    missing = [topic for topic in topics_of(bridge) if topic not in topics]
    there = len(missing) < len(topics_of(bridge))
    yield form(Standing(versioned=there, unversioned=any(topic in topics for topic in UNVERSIONED)))
    if there and missing:
        yield Line(
            False, f"{', '.join(missing)} is not there, or not shown to us: Nova's words are lost on the way"
        )
