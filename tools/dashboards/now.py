"""*Now*: for whoever is on call. What is down, what comes back by itself, what needs a hand; in ten seconds."""

from dashboards import states
from dashboards.parts import HOSTNAME, SAID, SEGMENT, Board, Colour, Kind, Panel, Query, Row, Word, grown, of
from kasugai.adapters.telemetry.catalogue import INCIDENTS, VERDICTS
from kasugai.adapters.telemetry.project_metrics import (
    GUESTS_BACK,
    GUESTS_COMING_BACK,
    GUESTS_DOWN,
    HEALTH,
    HOST_STATE,
    INCIDENTS_OPEN,
)

UID = "kasugai-now"
INCIDENT = "kasugai-incident"
"""Where a click on a host leads."""


def total(series: str) -> str:
    """Return the sum, 0 where there is none."""
    return f"sum({series}) or vector(0)"


DOWN, COMING, BACK = (total(of(metric)) for metric in (GUESTS_DOWN, GUESTS_COMING_BACK, GUESTS_BACK))
TOGETHER = of(VERDICTS, 'verb="alert"', 'reason=~"failed-together|common-cause"')
CLOCK = f"(time() - max_over_time(timestamp(({DOWN}) == 0)[1d:1m])) * (({DOWN}) > bool 0)"
"""Seconds since no guest was down, up to a day; 0 while none is."""
WORDS = {
    0: Word(text="well", colour=Colour.GREEN),
    1: Word(text="recovering", colour=Colour.BLUE),
    2: Word(text="act", colour=Colour.RED),
}
NEXT = """\
```
# the same, with the next command for each line
kasugai status
# why something stands where it stands
kasugai explain HOST
# each guest, each step
kasugai incident show HOST
```
"""

BOARD = Board(
    uid=UID,
    title="Kasugai: now",
    about="What is down, what comes back by itself, and what needs a hand.",
    choices=(SEGMENT, HOSTNAME),
    notes=(SAID,),
    rows=(
        Row(
            title="How things stand",
            panels=(
                Panel(
                    title="Kasugai says",
                    about="The first word of `kasugai status`: well; recovering: what is down comes back by itself; "
                    "act: something waits for a person.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"max({of(HEALTH)})"),),
                    words=WORDS,
                    nothing="nobody says",
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Guests down",
                    about="Of open incidents, and of those that ended within the last hour.",
                    kind=Kind.STAT,
                    queries=(Query(expr=DOWN),),
                    steps=((1, Colour.RED),),
                    width=4,
                    height=5,
                ),
                Panel(
                    title="for",
                    about="Since when some guest has been down, whichever.",
                    kind=Kind.STAT,
                    queries=(Query(expr=CLOCK),),
                    unit="dtdurations",
                    steps=((60, Colour.YELLOW), (600, Colour.ORANGE), (3600, Colour.RED)),
                    width=4,
                    height=5,
                    nothing="over a day",
                ),
                Panel(
                    title="Guests back",
                    about="Of the same incidents.",
                    kind=Kind.STAT,
                    queries=(Query(expr=BACK),),
                    width=4,
                    height=5,
                ),
                Panel(
                    title="Need a hand",
                    about="Guests that are down and do not come back by themselves.",
                    kind=Kind.STAT,
                    queries=(Query(expr=f"({DOWN}) - ({COMING})"),),
                    steps=((1, Colour.RED),),
                    width=6,
                    height=5,
                ),
            ),
        ),
        Row(
            title="Who must act",
            panels=(
                Panel(
                    title="Open incidents",
                    about="By who must act: `person`: nothing goes on without one; `ordered`: somebody wanted it so; "
                    "`itself`: it goes on.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=f"sum by (segment, kind, waits) ({of(INCIDENTS_OPEN)}) > 0"),),
                    columns={
                        "segment": "Segment",
                        "kind": "Of a",
                        "waits": "Waits for",
                        "Value": "How many",
                    },
                    nothing="none",
                    width=8,
                ),
                Panel(
                    title="Hosts that are not simply in service",
                    about="A click opens the incident.",
                    kind=Kind.TABLE,
                    queries=(
                        Query(
                            expr=f"""max by (hostname, segment, state) ({of(HOST_STATE, 'state!="in-service"')}) > 0"""
                        ),
                    ),
                    columns={"hostname": "Host", "segment": "Segment", "state": "State"},
                    opens=INCIDENT,
                    nothing="none",
                    width=8,
                ),
                Panel(
                    title="What to type",
                    about="On any machine with Kasugai and its configuration.",
                    kind=Kind.TEXT,
                    text=NEXT,
                    width=8,
                ),
            ),
        ),
        Row(
            title="The last hour",
            panels=(
                Panel(
                    title="Guests",
                    about="Down and back, of open incidents and of those that ended within the last hour.",
                    queries=(
                        Query(expr=f"({DOWN}) - ({COMING})", legend="need a hand"),
                        Query(expr=COMING, legend="coming back"),
                        Query(expr=BACK, legend="back"),
                    ),
                    is_stacked=True,
                    width=12,
                    height=8,
                ),
                Panel(
                    title="Hosts",
                    about="Those that are not simply in service.",
                    kind=Kind.TIMELINE,
                    queries=(states.hosts(),),
                    words=states.WORDS,
                    width=12,
                    height=8,
                ),
                Panel(
                    title="Incidents by phase",
                    about="As correlate has them; held ones need a person (docs/operators/reasons).",
                    queries=(
                        Query(expr=f"sum by (kind, phase) ({of(INCIDENTS)})", legend="{{kind}} {{phase}}"),
                    ),
                ),
                Panel(
                    title="Failed together",
                    about="How often in the last hour hosts of one failure domain (failed-together) or of one name "
                    "(common-cause) were told to fail together: look at what they share. `kasugai status` names it.",
                    kind=Kind.STAT,
                    queries=(
                        Query(expr=f"sum by (reason) ({grown(TOGETHER, '1h')}) > 0", legend="{{reason}}"),
                    ),
                    steps=((1, Colour.RED),),
                    nothing="none",
                ),
                Panel(
                    title="Processes that do not answer",
                    about="Of Kasugai itself. While one is away, the numbers above may be old.",
                    kind=Kind.TABLE,
                    queries=(Query(expr='up{job="kasugai"} == 0'),),
                    columns={"process": "Process", "instance": "At"},
                    nothing="all answer",
                ),
            ),
        ),
    ),
)
