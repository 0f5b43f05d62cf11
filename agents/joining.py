"""One agent is one witness: what several of its watches say of one subject is joined before it is told.

Peers and a cluster stack may both speak of another host. It is down while one of them says so, and taken back when the
last one does. Without that each would take back the other's word. It dumps while one of them says that.
"""

from kasugai.agents.ports import Voice
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Subject


class Joint:
    """The place where the voices of several watches meet."""

    def __init__(self, voice: Voice) -> None:
        """Tell by `voice` what comes out of it."""
        self._voice = voice
        self._down: dict[Subject, dict[str, Symptom]] = {}
        """Who says what against whom."""

    def voice(self, who: str) -> Voice:
        """Return the voice of one watch."""
        return _Part(self, who)

    def hear(self, who: str, subject: Subject, symptom: Symptom, *, again: bool, seen: str) -> None:
        """Take one watch's word: what another one says already is said again, what another one still says stays."""
        others = {other: word for other, word in self._down.get(subject, {}).items() if other != who}
        if symptom is Symptom.CLEAR:
            self._keep(subject, others)
            if others:
                return
        else:
            self._keep(subject, others | {who: symptom})
            symptom = Symptom.DUMPING if Symptom.DUMPING in others.values() else symptom
        self._voice.say(subject, symptom, again=again or bool(others), seen=seen)

    def _keep(self, subject: Subject, says: dict[str, Symptom]) -> None:
        if says:
            self._down[subject] = says
        else:
            self._down.pop(subject, None)


class _Part:
    """One watch's `Voice`."""

    def __init__(self, joint: Joint, who: str) -> None:
        self._joint, self._who = joint, who

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Keep the promise of `ports.Voice`."""
        self._joint.hear(self._who, subject, symptom, again=again, seen=seen)
