"""The pipeline itself: for whoever runs Kasugai. How far behind, how fast, how often wrong."""

from dashboards.parts import Board, Kind, Panel, Query, Row, counted, rated_quantile
from kasugai.adapters.telemetry import api_metrics as a
from kasugai.adapters.telemetry import catalogue as c
from kasugai.adapters.telemetry import worker_metrics as w


def answers(statuses: str) -> str:
    """Return the query for the REST API's answers a second of these statuses, health questions aside."""
    series = f'{a.REQUESTS.prometheus}{{status=~"{statuses}", route!="/healthcheck"}}'
    return f"sum(rate({series}[$__rate_interval])) or vector(0)"


def asked(*pairs: tuple[str, str]) -> tuple[Query, ...]:
    """Return queries, each with its legend."""
    return tuple(Query(expr=expr, legend=legend) for expr, legend in pairs)


DECISIONS = Row(
    title="Decisions",
    panels=(
        Panel(
            title="Ready",
            about="1 while a process is connected, has its partitions, and is caught up. Not ready: ask its /readyz.",
            queries=asked((c.READY.prometheus, "{{process}} {{instance}}")),
            kind=Kind.STAT,
        ),
        Panel(
            title="Incidents by phase",
            about="Held incidents need a person: docs/operators/reasons.",
            queries=asked((f"sum by (kind, phase) ({c.INCIDENTS.prometheus})", "{{kind}} {{phase}}")),
        ),
        Panel(
            title="Dead letters",
            about="Records that nobody can read or decide. Anything above zero wants a look.",
            queries=asked((f"sum by (topic) ({c.DEAD_LETTERS.prometheus})", "{{topic}}")),
            nothing="none",
        ),
        Panel(
            title="Decisions",
            about="What correlate says, by verb and reason: how often in the last minute, or between two points.",
            queries=asked((counted(c.VERDICTS, "verb, reason"), "{{verb}} {{reason}}")),
            is_stacked=True,
            width=12,
        ),
        Panel(
            title="Oldest unprocessed record",
            about="How far behind each process is. A worker's: the oldest order that no lane has begun.",
            queries=asked((f"max by (process, topic) ({c.OLDEST_AGE.prometheus})", "{{process}} {{topic}}")),
            unit="s",
            width=12,
        ),
    ),
)
RECOVERY = Row(
    title="Recovery",
    panels=(
        Panel(
            title="Evacuations in progress, and the window",
            about="By source host: begun and not ended by Nova's word; how many may be.",
            queries=asked(
                (f"sum by (hostname) ({w.EVACUATIONS.prometheus})", "{{hostname}}"),
                (f"sum by (hostname) ({w.WINDOW.prometheus})", "{{hostname}} window"),
            ),
        ),
        Panel(
            title="Steps",
            about="Facts about steps: how many in the last minute, or between two points.",
            queries=asked((counted(w.STEPS, "action, outcome"), "{{action}} {{outcome}}")),
            is_stacked=True,
        ),
        Panel(
            title="Answers of workers",
            about="How attempts ended, in all.",
            queries=asked(
                (
                    f"sum by (kind, outcome, reason) ({w.ATTEMPTS.prometheus})",
                    "{{kind}} {{outcome}} {{reason}}",
                )
            ),
        ),
        Panel(
            title="Fault to incident",
            about="Routing, and opening, p50 and p99.",
            queries=asked(
                (rated_quantile(0.5, c.ROUTING), "routing p50"),
                (rated_quantile(0.99, c.ROUTING), "routing p99"),
                (rated_quantile(0.5, c.OPENING), "opening p50"),
                (rated_quantile(0.99, c.OPENING), "opening p99"),
            ),
            unit="s",
        ),
        Panel(
            title="Decision to first effect, and takeover",
            about="How long an order waits for its first call; what becoming a host's owner costs.",
            queries=asked(
                (rated_quantile(0.5, w.FIRST_EFFECT), "first effect p50"),
                (rated_quantile(0.99, w.FIRST_EFFECT), "first effect p99"),
                (rated_quantile(0.99, w.TAKEOVER), "takeover p99"),
                (rated_quantile(0.99, w.FOLD), "fold p99"),
            ),
            unit="s",
        ),
        Panel(
            title="Calls to Nova and power",
            about="Until the answer, p99 by action.",
            queries=asked((rated_quantile(0.99, w.CALL, "action"), "{{action}}")),
            unit="s",
        ),
    ),
)
PROCESSES = Row(
    title="Processes",
    panels=(
        Panel(
            title="Lag",
            about="Records that are not done; a worker counts an order until its incident is answered.",
            queries=asked((f"sum by (process, topic) ({c.LAG.prometheus})", "{{process}} {{topic}}")),
        ),
        Panel(
            title="Lanes",
            about="Hosts, instances and processes that workers work on, and those that wait for a place.",
            queries=asked((f"sum by (kind, state) ({w.LANES.prometheus})", "{{kind}} {{state}}")),
        ),
        Panel(
            title="How former lives ended",
            about="70-75: the process was in doubt and was started again (docs/operators/run.md).",
            queries=asked((f"sum by (process, code) ({c.EXITS.prometheus})", "{{process}} {{code}}")),
            nothing="none ended",
        ),
    ),
)
REST = Row(
    title="REST API",
    panels=(
        Panel(
            title="REST API: answers",
            about="A second, by class of status. 5xx: Kafka, Redis or Nova is away, or a bug.",
            queries=asked(*((answers(f"{n}.."), f"{n}xx") for n in (2, 3, 4, 5))),
            unit="reqps",
        ),
        Panel(
            title="REST API: time to answer",
            about="p50, and p99 by route.",
            queries=asked(
                (rated_quantile(0.5, a.ANSWERING), "p50"),
                (rated_quantile(0.99, a.ANSWERING, "route"), "{{route}} p99"),
            ),
            unit="s",
        ),
        Panel(
            title="REST API: notifications claimed, and refused as known",
            about="A second. Refused: the same failure stands already (409); several monitors tell the same.",
            queries=asked(
                (answers("409"), "409"),
                (f"sum by (outcome) (rate({a.CLAIMS.prometheus}[$__rate_interval]))", "{{outcome}}"),
            ),
            unit="reqps",
        ),
    ),
)
BOARD = Board(
    uid="kasugai",
    title="Kasugai: pipeline",
    about="The processes of Kasugai: how far behind, how fast, how often wrong.",
    since="now-30m",
    refresh="5s",
    rows=(DECISIONS, RECOVERY, PROCESSES, REST),
)
