"""*Readiness*: by day. Would the next failure be seen, decided on, and survived; and what stands in the way."""

from dashboards.now import INCIDENT
from dashboards.parts import HOSTNAME, SEGMENT, Board, Colour, Kind, Panel, Query, Row, Word, grown, named, of
from kasugai.adapters.telemetry.catalogue import LIVENESS_HOSTS, READY, UNDESCRIBED_DISKS, UNFENCED, UNPROVED
from kasugai.adapters.telemetry.observer_metrics import ANSWERS, CHECKED, OBSERVED_LOOKS
from kasugai.adapters.telemetry.project_metrics import (
    HOST_PROTECTED,
    HOST_STATE,
    MASAKARI_RESERVED,
    SERVICE_DISABLED,
)

SURVIVABLE = named("kasugai.segment.hosts.survivable")
UNCOVERED = named("kasugai.segment.guests.uncovered")
ROOM_AGE = named("kasugai.room.age").prometheus
AWAY = named("kasugai.announce.away").prometheus
TOLD = named("kasugai.announcements").prometheus
UNPROTECTED = of(HOST_PROTECTED, 'reason!="-"')
LOOKS = OBSERVED_LOOKS.prometheus
AWAY_WORDS = {0: Word(text="takes", colour=Colour.GREEN), 1: Word(text="takes nothing", colour=Colour.RED)}
READY_WORDS = {0: Word(text="not ready", colour=Colour.RED), 1: Word(text="ready", colour=Colour.GREEN)}

BOARD = Board(
    uid="kasugai-readiness",
    title="Kasugai: readiness",
    about="Would the next failure be seen, decided on and survived?",
    choices=(SEGMENT, HOSTNAME),
    since="now-24h",
    refresh="1m",
    rows=(
        Row(
            title="Would it be survived",
            panels=(
                Panel(
                    title="Hosts that may fail",
                    about="How many hosts of a segment may fail, whichever they are, so that every guest still finds a "
                    "place. Below 1 the next failure leaves guests down.",
                    kind=Kind.BARS,
                    queries=(Query(expr=f"min by (segment) ({of(SURVIVABLE)})", legend="{{segment}}"),),
                    steps=((0, Colour.RED), (1, Colour.YELLOW), (2, Colour.GREEN)),
                    width=8,
                    height=9,
                ),
                Panel(
                    title="Hosts that would be recovered",
                    about="Of all hosts of the inventory.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"sum({of(HOST_PROTECTED)}) / count({of(HOST_PROTECTED)})"),),
                    unit="percentunit",
                    steps=((0, Colour.RED), (0.9, Colour.YELLOW), (1, Colour.GREEN)),
                    width=4,
                    height=9,
                ),
                Panel(
                    title="Unprotected hosts, and why",
                    about="What each reason means stands in docs/operators/dashboards.md; a click opens the host.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"max by (hostname, segment, reason) ({UNPROTECTED}) == 0"),),
                    columns={"hostname": "Host", "segment": "Segment", "reason": "Why"},
                    opens=INCIDENT,
                    nothing="none",
                    width=12,
                    height=9,
                ),
                Panel(
                    title="Guests that are not in that number",
                    about="What they need could not be read: whether they would find room is not known.",
                    kind=Kind.BARS,
                    queries=(Query(expr=f"max by (segment) ({of(UNCOVERED)})", legend="{{segment}}"),),
                    steps=((1, Colour.YELLOW),),
                    width=16,
                    height=5,
                ),
                Panel(
                    title="Age of what is said about room",
                    about="Since Nova and Placement were last read to the end; due every 15 minutes.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"min({ROOM_AGE})"),),
                    unit="dtdurations",
                    steps=((1800, Colour.YELLOW), (3600, Colour.RED)),
                    nothing="nobody says",
                    width=8,
                    height=5,
                ),
                Panel(
                    title="Room over time",
                    about="Hosts that may fail.",
                    queries=(Query(expr=f"min by (segment) ({of(SURVIVABLE)})", legend="{{segment}}"),),
                ),
                Panel(
                    title="Unprotected over time",
                    about="Hosts by the reason.",
                    queries=(Query(expr=f"count by (reason) ({UNPROTECTED} == 0)", legend="{{reason}}"),),
                    is_stacked=True,
                ),
                Panel(
                    title="Hosts by state",
                    about="Those out of service are missing as room, too.",
                    queries=(Query(expr=f"sum by (state) ({of(HOST_STATE)})", legend="{{state}}"),),
                    is_stacked=True,
                ),
            ),
        ),
        Row(
            title="What stands ready",
            panels=(
                Panel(
                    title="Reserves",
                    about="Hosts that are described as reserves.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"max by (hostname) ({of(MASAKARI_RESERVED)}) > 0"),),
                    columns={"hostname": "Host"},
                    nothing="none",
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Services that Kasugai has disabled",
                    about="A process there failed and is not back: they take no new guests.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"max by (hostname, segment) ({of(SERVICE_DISABLED)}) > 0"),),
                    columns={"hostname": "Host", "segment": "Segment"},
                    opens=INCIDENT,
                    nothing="none",
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Segments without a fence",
                    about="Their policy asks for none: a host that is merely cut off may have its guests run twice.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"sum({of(UNFENCED)})"),),
                    steps=((1, Colour.YELLOW),),
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Segments that do not say where disks lie",
                    about="Guests with an image are moved all the same, and lose what a local disk held (root-disks).",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"sum({of(UNDESCRIBED_DISKS)})"),),
                    steps=((1, Colour.YELLOW),),
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Fence devices last checked",
                    about="How long ago all devices of a host answered: the twenty longest. A host whose devices have "
                    "not answered since the observer's start stands on the right alone.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"topk(20, time() - max by (hostname) ({of(CHECKED)}))"),),
                    columns={"hostname": "Host", "Value": "Answered so long ago"},
                    unit="dtdurations",
                    opens=INCIDENT,
                    nothing="nobody checks",
                    width=12,
                ),
                Panel(
                    title="Fence devices that did not answer",
                    about="When they were checked last. `kasugai power check HOST` says which of the host's, and why.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"max by (hostname) ({of(ANSWERS)}) == 0"),),
                    columns={"hostname": "Host"},
                    opens=INCIDENT,
                    nothing="none",
                    width=12,
                ),
            ),
        ),
        Row(
            title="Would it be seen",
            panels=(
                Panel(
                    title="Agents",
                    about="Hosts by what their heartbeats say; one that is silent or unwatched is seen by others only.",
                    queries=(Query(expr=f"sum by (state) ({of(LIVENESS_HOSTS)})", legend="{{state}}"),),
                    is_stacked=True,
                    width=6,
                ),
                Panel(
                    title="Witnesses that have an opinion",
                    about="The share of looks at Nova, power, Prometheus and silences that gave one.",
                    queries=(
                        Query(
                            expr=f'sum by (source) (rate({LOOKS}{{outcome="seen"}}[$__rate_interval]))'
                            f" / sum by (source) (rate({LOOKS}[$__rate_interval]))",
                            legend="{{source}}",
                        ),
                    ),
                    unit="percentunit",
                    width=6,
                ),
                Panel(
                    title="Words without a proof",
                    about="Put aside because no key of the host proves them, by whose name they bear.",
                    kind=Kind.BARS,
                    queries=(
                        Query(expr=f"sum by (hostname) ({UNPROVED.prometheus}) > 0", legend="{{hostname}}"),
                    ),
                    steps=((1, Colour.YELLOW),),
                    nothing="none",
                    width=6,
                ),
                Panel(
                    title="Kasugai's own processes",
                    about="Ready: connected, partitions assigned, caught up.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"min by (process) ({READY.prometheus})", legend="{{process}}"),),
                    words=READY_WORDS,
                    width=6,
                ),
            ),
        ),
        Row(
            title="Would people hear of it",
            panels=(
                Panel(
                    title="Receivers",
                    about="Of `kasugai announce`: one that takes nothing is tried again.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"max by (receiver) ({AWAY})", legend="{{receiver}}"),),
                    words=AWAY_WORDS,
                    nothing="nobody tells",
                    width=12,
                    height=5,
                ),
                Panel(
                    title="What they were told",
                    about="Messages of the chosen time: told, late (passed over) or refused.",
                    kind=Kind.BARS,
                    queries=(
                        Query(
                            expr=f"sum by (receiver, end) ({grown(TOLD, '$__range')}) > 0",
                            legend="{{receiver}}: {{end}}",
                        ),
                    ),
                    nothing="nothing",
                    width=12,
                    height=5,
                ),
            ),
        ),
    ),
)
