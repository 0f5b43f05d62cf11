"""What records of the recovery log say, for whoever acts on all of them.

What cannot be decoded is passed over with an alert (route dead-letters it), but for what a newer Kasugai wrote: whoever
cannot read that may not act on the rest, nor say what is true.
"""

import logging
from collections.abc import Iterator, Sequence

from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.worker_metrics import UNREADABLE
from kasugai.core.recovering.doors import LogUnreadable
from kasugai.schemas.codec import NewerSchema, Undecodable, decode

log = logging.getLogger(__name__)


def decoded(records: Sequence[Incoming]) -> Iterator[tuple[Incoming, object]]:
    """Yield each record with its value; LogUnreadable at one that a newer Kasugai wrote."""
    for record in records:
        place = f"{record.topic}/{record.partition} at {record.offset}"
        try:
            yield record, decode(record.value or b"")
        except NewerSchema as error:
            raise LogUnreadable(f"{place} cannot be read by this version, upgrade it: {error}") from error
        except Undecodable as error:
            count(UNREADABLE, what="record")
            log.warning("%s is passed over: %s", place, error)
