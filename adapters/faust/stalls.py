"""How a processor stands, as an operator asks: whether it is ready, and how far it is behind in each partition."""

from faust.types import TP

from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.telemetry.lags import Place


def unready(app: CarefulApp) -> str:
    """Return what the processor waits for; empty when it handles records."""
    if app._consumer is None:
        return "waiting for Kafka"
    if app.rebalancing or not app.tables.actives_ready:
        return "the group rebalances, or the table is being restored"
    return "" if app.care.membership.is_fresh else "the broker has not confirmed our membership lately"


def behind(app: CarefulApp) -> dict[Place, int]:
    """Return how many records of each of our partitions are not handled yet."""
    progress, topic = app.care.progress, app.care.settings.topic
    return {
        (topic, partition): max(0, end_of(app, partition) - progress.reached(partition))
        for partition in progress.owned
    }


def end_of(app: CarefulApp, partition: int) -> int:
    """Return the partition's end as the last fetch told it; 0 when none has."""
    try:
        return app.consumer.highwater(TP(app.care.settings.topic, partition)) or 0
    except Exception:  # given away since we looked, or not fetched from yet
        return 0
