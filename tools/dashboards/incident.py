"""*Incident*: one host's, from the evidence to the last guest. Choose a host, or come here by a click on one."""

from dashboards import states
from dashboards.now import CLOCK, DOWN, INCIDENT, total
from dashboards.parts import (
    HOSTNAME,
    SAID,
    SEGMENT,
    Board,
    Colour,
    Kind,
    Note,
    Panel,
    Query,
    Row,
    counted,
    of,
    rated_quantile,
)
from kasugai.adapters.telemetry.catalogue import LIVENESS_HOSTS, VERDICTS
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_DOWN
from kasugai.adapters.telemetry.project_metrics import GUESTS_BACK, HOST_STATE
from kasugai.adapters.telemetry.worker_metrics import CALL, EVACUATIONS, STEPS, WINDOW

NOT_WELL = of(HOST_STATE, 'state!="in-service"')

BOARD = Board(
    uid=INCIDENT,
    title="Kasugai: incident",
    about="What is known against a host, and how far each of its guests is.",
    choices=(SEGMENT, HOSTNAME),
    notes=(
        SAID,
        Note(
            name="States of hosts",
            expr=f"max by (hostname, state) ({NOT_WELL}) > 0",
            title="{{hostname}} {{state}}",
            colour=Colour.ORANGE,
        ),
    ),
    rows=(
        Row(
            title="Where it stands",
            panels=(
                Panel(
                    title="Host",
                    about="Its state, where it is not simply in service.",
                    kind=Kind.STAT,
                    queries=(
                        Query(
                            expr=f"max by (hostname, state) ({NOT_WELL}) > 0",
                            legend="{{hostname}}: {{state}}",
                        ),
                    ),
                    shows_names=True,
                    steps=((0, Colour.BLUE),),
                    nothing="in service",
                    width=9,
                    height=5,
                ),
                Panel(
                    title="Guests down",
                    about="Of the chosen hosts.",
                    kind=Kind.STAT,
                    queries=(Query(expr=DOWN),),
                    steps=((1, Colour.RED),),
                    width=5,
                    height=5,
                ),
                Panel(
                    title="Guests back",
                    about="Of the chosen hosts.",
                    kind=Kind.STAT,
                    queries=(Query(expr=total(of(GUESTS_BACK))),),
                    width=5,
                    height=5,
                ),
                Panel(
                    title="for",
                    about="Since when some guest of them has been down.",
                    kind=Kind.STAT,
                    queries=(Query(expr=CLOCK),),
                    unit="dtdurations",
                    nothing="over a day",
                    width=5,
                    height=5,
                ),
            ),
        ),
        Row(
            title="Evidence",
            panels=(
                Panel(
                    title="Who calls hosts down",
                    about="How many hosts each observer speaks against now; `kasugai explain HOST` has each word.",
                    queries=(
                        Query(expr=f"max by (observer) ({of(OBSERVED_DOWN)})", legend="{{observer}}"),
                        Query(
                            expr=f"""sum by (state) ({of(LIVENESS_HOSTS, 'state!="beating"')})""",
                            legend="heartbeats: {{state}}",
                        ),
                    ),
                    width=12,
                    height=6,
                ),
                Panel(
                    title="What correlate decided",
                    about="How often in the last minute, or between two points; docs/operators/reasons explains each.",
                    queries=(Query(expr=counted(VERDICTS, "verb, reason"), legend="{{verb}}: {{reason}}"),),
                    is_stacked=True,
                    width=12,
                    height=6,
                ),
            ),
        ),
        Row(
            title="Host and guests",
            panels=(
                Panel(
                    title="From the first word to the last guest",
                    about="The host above, its guests below. Until the host is off they share its phases; then each "
                    "waits for its turn, moves, and is proven back. `kasugai incident show HOST` has the sentences.",
                    kind=Kind.TIMELINE,
                    queries=(states.hosts(), states.guests()),
                    words=states.WORDS,
                    width=24,
                    height=12,
                ),
            ),
        ),
        Row(
            title="The work",
            panels=(
                Panel(
                    title="Evacuations in progress, and the window",
                    about="Begun and not ended by Nova's word; how many may be.",
                    queries=(
                        Query(expr=f"sum by (hostname) ({of(EVACUATIONS)})", legend="{{hostname}}"),
                        Query(expr=f"sum by (hostname) ({of(WINDOW)})", legend="{{hostname}} window"),
                    ),
                ),
                Panel(
                    title="Steps",
                    about="Facts about steps: how many in the last minute, or between two points.",
                    queries=(Query(expr=counted(STEPS, "action, outcome"), legend="{{action}} {{outcome}}"),),
                    is_stacked=True,
                ),
                Panel(
                    title="Calls to Nova and power",
                    about="Until the answer, p99 by action.",
                    queries=(Query(expr=rated_quantile(0.99, CALL, "action"), legend="{{action}}"),),
                    unit="s",
                ),
            ),
        ),
    ),
)
