"""Reads beats by the ten thousand a second: what a host's next beat repeats of its last one is compared, not decoded.

From one second to the next a beat differs in its counter, its lateness and its date. Everything else is known as bytes
with the values that the codec made of them; whatever does not fit goes to the codec, whose word is the last one, and
which names what is wrong. (The codec alone takes 25 to 30 microseconds a beat, measured: half of what a process has
for one.)
"""

from kasugai.core.words.bounds import HIGHEST
from kasugai.core.words.heartbeats import Beat, Leave, Link, Pulse
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.timing import Instant, Millis
from kasugai.schemas.codec import HEAD, Undecodable, decode, encode, schema_of

MANY = 50_000
"""So many hosts are known; with more it begins anew, for whoever makes names up makes no memory."""
MANY_LINKS = 1_000
_HEAD = bytes(1) + schema_of(Beat).id.to_bytes(HEAD - 1, "big")
_DATE_BYTES = 6
_DATED, _DATE = 0x80_80_80_80_80_81, 0x00_80_80_80_80_80
"""What the six bytes of a date between 1987 and 2039 have in common, as a number: each but the last is followed by
another, and they are no negative number. Every other date is the codec's to judge."""
_MORE = 0x80
"""The bit of a byte that another one follows."""
_DIGITS = 8
"""Bytes of a number that is read here: 56 bits."""


class Known:
    """One host's last beat: what the next one repeats, as bytes and as values."""

    __slots__ = ("boot_id", "every", "front", "host", "late", "leave", "links", "pause", "tail", "uptime")

    def __init__(self, beat: Beat, front: bytes, pause: bytes, tail: bytes) -> None:
        """`front`: up to the boot id; `pause`: `every`; `tail`: from `leave` up to the date."""
        self.host = beat.host
        self.boot_id = beat.boot_id
        self.uptime = beat.uptime
        self.every = beat.every
        self.late = beat.late
        self.leave: Leave = beat.leave
        self.links: tuple[Link, ...] = beat.links
        self.front = front
        self.pause = pause
        self.tail = tail


class Beats:
    """What was last read of each host, by the record's key."""

    def __init__(self) -> None:
        """Know nobody."""
        self._known: dict[bytes, Known] = {}
        self._links: dict[tuple[Link, ...], tuple[Link, ...]] = {}
        """What nearly all hosts see alike is kept once."""

    def read(self, key: bytes | None, value: bytes | None) -> Known | Pulse | Lifeline:
        """Return what a record of `kasugai.heartbeats` says, a beat's values until the next call for its key;
        Undecodable for what is none of these, and for what lies under another key than its host's."""
        known = self._known.get(key or b"")
        if (
            known is not None
            and value is not None
            and value.startswith(known.front)
            and _follows(known, value)
        ):
            return known
        return self._decoded(key, value or b"")

    def _decoded(self, key: bytes | None, value: bytes) -> Known | Pulse | Lifeline:
        match decode(value):
            case Pulse() as pulse:
                return pulse
            case Beat() as beat if key == beat.host.encode():
                known = _like(beat, value)
                if len(self._links) >= MANY_LINKS:
                    self._links.clear()
                known.links = self._links.setdefault(known.links, known.links)
                if len(self._known) >= MANY:
                    self._known.clear()
                self._known[key] = known
                return known
            case Lifeline(host=host) as line if key == host.encode():
                return line
            case Beat(host=host) | Lifeline(host=host):
                shown = (key or b"").decode(errors="replace")[:80]
                raise Undecodable(f"it is a word of {host}, and lies under the key {shown}")
            case other:
                raise Undecodable(f"a {type(other).__name__} does not belong among heartbeats")


def _like(beat: Beat, value: bytes) -> Known:
    """Return what the next beat of that host is compared with: the bytes that the codec has just read as this beat,
    where they are those that we would write, for equal bytes at the same place are read alike."""
    front = _HEAD + _text(beat.host) + _text(beat.boot_id)
    pause, date = _number(beat.every), _number(beat.sent_at)
    head = b"".join((front, _number(beat.uptime), pause, _number(beat.late)))
    if len(date) != _DATE_BYTES or not value.startswith(head) or not value.endswith(date):
        return known_of(beat)
    return Known(beat, front, pause, value[len(head) : -_DATE_BYTES])


def known_of(beat: Beat) -> Known:
    """Return what the next beat of that host is compared with. The bytes are written anew: an older writer's, or one
    with blocks of another size, are then read by the codec each time."""
    front = _HEAD + _text(beat.host) + _text(beat.boot_id)
    uptime, pause, late = (_number(each) for each in (beat.uptime, beat.every, beat.late))
    whole = encode(beat)
    begin = len(front) + len(uptime) + len(pause) + len(late)
    return Known(beat, front, pause, whole[begin : len(whole) - len(_number(beat.sent_at))])


def again(known: Known, uptime: Millis, late: Millis, sent_at: Instant) -> bytes:
    """Return the frame of the host's next beat, which differs from its last one in nothing else."""
    numbers = _number(uptime), known.pause, _number(late)
    return b"".join((known.front, *numbers, known.tail, _number(sent_at)))


def _follows(known: Known, value: bytes) -> bool:
    """Whether the value is the host's next beat; then `known` holds it."""
    try:
        uptime, at = _read(value, len(known.front))
        if not value.startswith(known.pause, at):
            return False
        late, at = _read(value, at + len(known.pause))
    except (IndexError, ValueError):
        return False
    if not value.startswith(known.tail, at) or not 0 <= uptime <= HIGHEST or not 0 <= late <= HIGHEST:
        return False
    date = value[at + len(known.tail) :]
    if len(date) != _DATE_BYTES or int.from_bytes(date, "little") & _DATED != _DATE:
        return False
    known.uptime, known.late = Millis(uptime), Millis(late)
    return True


def _read(value: bytes, at: int) -> tuple[int, int]:
    """Return the zigzag number that begins there, and where the next one does; IndexError where it does not end,
    ValueError where it is longer than any that belongs here."""
    byte = value[at]
    at += 1
    if byte < _MORE:
        return (byte >> 1) ^ -(byte & 1), at
    number, shift = byte & 0x7F, 7
    while True:
        byte = value[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < _MORE:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift >= 7 * _DIGITS:
            raise ValueError(shift)


def _number(number: int) -> bytes:
    """Return a number as Avro writes it."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number >= _MORE:
        out.append(number & 0x7F | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def _text(text: str) -> bytes:
    raw = text.encode()
    return _number(len(raw)) + raw
