"""*Promise*: by the month. How long guests were away, against what was promised, and how incidents ended."""

from dashboards.parts import SEGMENT, Board, Choice, Colour, Kind, Panel, Query, Row, grown, of, quantile
from kasugai.adapters.telemetry.metric import Metric
from kasugai.adapters.telemetry.project_metrics import INCIDENTS_ENDED, PHASE, RECOVERY

OBJECTIVE = Choice(
    name="objective", label="Objective (s)", values=("300", "30", "60", "120", "600", "1800", "3600")
)
"""In how many seconds a host's guests shall be back: one of the histogram's bounds, so that it is counted exactly."""
WHOLE = "$__range"
MONTH = "30d"
HOST = 'kind="host"'
ENDED_WELL = (HOST, 'end="recovered"')


def _counted(metric: Metric, *selectors: str) -> str:
    """Return the series of how often a histogram was told something."""
    return of(metric, *selectors).replace("_bucket", "_count", 1)


BACK = of(RECOVERY, *ENDED_WELL)
IN_TIME = of(RECOVERY, *ENDED_WELL, r'le=~"$objective(\\.0)?"')
ENDED = of(INCIDENTS_ENDED, HOST)
SUMS = of(PHASE, HOST).replace("_bucket", "_sum", 1)

BOARD = Board(
    uid="kasugai-promise",
    title="Kasugai: promise",
    about="Recovery times against the objective, and how incidents ended.",
    choices=(SEGMENT, OBJECTIVE),
    since="now-90d",
    refresh="5m",
    rows=(
        Row(
            title="In the time shown",
            panels=(
                Panel(
                    title="Recovered within the objective",
                    about="Of hosts that were recovered: from the first word against one to the end of its incident.",
                    kind=Kind.STAT,
                    queries=(
                        Query(
                            expr=f"sum({grown(IN_TIME, WHOLE)})"
                            f" / sum({grown(_counted(RECOVERY, *ENDED_WELL), WHOLE)})"
                        ),
                    ),
                    unit="percentunit",
                    steps=((0, Colour.RED), (0.95, Colour.YELLOW), (0.99, Colour.GREEN)),
                    width=5,
                ),
                *(
                    Panel(
                        title=f"{word} of recoveries took at most",
                        about="Of hosts, from the first word to the end; by the histogram's bounds.",
                        kind=Kind.STAT,
                        queries=(Query(expr=quantile(share, BACK, WHOLE)),),
                        unit="dtdurations",
                        width=4,
                    )
                    for share, word in ((0.5, "Half"), (0.9, "9 of 10"))
                ),
                Panel(
                    title="Incidents of hosts by end",
                    about="recovered; failed: guests were left; withdrawn: over before anything was done; "
                    "brought-back: hosts that were let in again.",
                    kind=Kind.BARS,
                    queries=(Query(expr=f"sum by (end) ({grown(ENDED, WHOLE)})", legend="{{end}}"),),
                    width=6,
                ),
                Panel(
                    title="Where the time went",
                    about="The mean of each phase of a host's recovery.",
                    kind=Kind.BARS,
                    queries=(
                        Query(
                            expr=f"sum by (phase) ({grown(SUMS, WHOLE)})"
                            f" / sum by (phase) ({grown(_counted(PHASE, HOST), WHOLE)})",
                            legend="{{phase}}",
                        ),
                    ),
                    unit="s",
                    width=5,
                ),
            ),
        ),
        Row(
            title="By month",
            panels=(
                Panel(
                    title="Recovery time of hosts",
                    about="Each bar stands for the 30 days before it.",
                    queries=(
                        Query(expr=quantile(0.5, BACK, MONTH), legend="p50"),
                        Query(expr=quantile(0.9, BACK, MONTH), legend="p90"),
                        Query(expr="vector($objective)", legend="objective"),
                    ),
                    unit="s",
                    is_barred=True,
                    interval=MONTH,
                    width=12,
                ),
                Panel(
                    title="Incidents of hosts by end",
                    about="Each bar stands for the 30 days before it.",
                    queries=(Query(expr=f"sum by (end) ({grown(ENDED, MONTH)})", legend="{{end}}"),),
                    is_barred=True,
                    is_stacked=True,
                    interval=MONTH,
                    width=12,
                ),
            ),
        ),
        Row(
            title="Where it is slow",
            panels=(
                Panel(
                    title="Phases, 9 of 10",
                    about="Of hosts: detect, decide, fence, move, prove; over 30 days.",
                    queries=(Query(expr=quantile(0.9, of(PHASE, HOST), MONTH, "phase"), legend="{{phase}}"),),
                    unit="s",
                    width=12,
                ),
                Panel(
                    title="Segments",
                    about="Half of the recoveries of hosts took at most so long, in the time shown.",
                    kind=Kind.TABLE,
                    queries=(Query(expr=quantile(0.5, BACK, WHOLE, "segment")),),
                    columns={"segment": "Segment", "Value": "Half took at most"},
                    unit="dtdurations",
                    nothing="no recovery",
                    width=12,
                ),
            ),
        ),
    ),
)
