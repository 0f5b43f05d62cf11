"""What stands against each guest: the newest word by Nova's time counts, in whatever order words arrive."""

from datetime import datetime

from kasugai.bridge.reading.conclusions import OBSERVER
from kasugai.bridge.reading.heard import Heard
from kasugai.bridge.reading.memory import Memory
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind


class _Word:
    """The newest word about a guest."""

    def __init__(self) -> None:
        self.place: tuple[datetime, str] | None = None
        self.failed = False


class Standing:
    """The guests of which something was said lately."""

    def __init__(self) -> None:
        """Nothing stands."""
        self._words = Memory(_Word)

    def hear(self, heard: Heard, *, failed: bool) -> Fault | None:
        """Take a word over and return what is to be said: `down` if it is the newest, `clear` if it ends one that was;
        None where a newer one is known already."""
        word = self._words.of(heard.guest, heard.at)
        if word.place is not None and heard.place < word.place:
            return None
        ends = word.failed and not failed
        word.place, word.failed = heard.place, failed
        if failed or ends:
            return said_of(heard, Symptom.DOWN if failed else Symptom.CLEAR)
        return None


def said_of(heard: Heard, symptom: Symptom) -> Fault:
    """Return the fault about the guest. A one-off report: who repeats it says nothing new, and its id is the same, for
    its episode is the request, or the notification where nobody asked for anything."""
    return fault(
        host=heard.host,
        kind=Kind.INSTANCE,
        detail=heard.guest,
        observer=OBSERVER,
        source=Source.REPORTED,
        symptom=symptom,
        episode=heard.request or heard.id,
        observed_at=heard.millis,
    )
