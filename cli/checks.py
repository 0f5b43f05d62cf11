"""What `kasugai doctor` looks at, one part after the other: each check stands alone, and changes nothing. Those of the
doors ask for no more than a process does at its start.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence

from kasugai.adapters.kafka.hidden import hidden
from kasugai.adapters.kafka.layout import Finding as TopicFinding
from kasugai.adapters.kafka.layout import Report, line_of, wanted, way_back
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.nova import BadCloud, Standing
from kasugai.adapters.power import BadDevices
from kasugai.adapters.proving.keys import BadKey
from kasugai.adapters.proving.masters import read_masters
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.redis_whoami import may_do_everything
from kasugai.adapters.settings import Settings
from kasugai.adapters.settings.exposure import exposures
from kasugai.bridge.transports.opening import check as check_bridge
from kasugai.cli.checking.api_door import api_door
from kasugai.cli.checking.clocks import clocks
from kasugai.cli.checking.fences import fences
from kasugai.cli.checking.finding import Check, Finding, Word
from kasugai.cli.checking.policies import policies
from kasugai.cli.rights import asked
from kasugai.core.recovering.doors import CloudAway, CloudRefused, CloudUnsure, LedgerAway, LogAway

AWAY = (LogAway, LedgerAway, CloudAway, CloudRefused, CloudUnsure)
UNFIT = (BadCloud, BadDevices, Forgets)


def found(settings: Settings) -> Iterator[Finding]:
    """Yield what there is to say about each part as soon as it is known; whatever a check ends with is said of its
    part, and the others go on."""
    is_away = False
    for part, check in CHECKS.items():
        if is_away and part in OF_KAFKA:
            yield Finding(part, Word.UNASKED, "Kafka does not answer")
            continue
        try:
            yield from check(settings)
        except LogAway as error:
            is_away = True
            yield Finding(part, Word.NO, str(error))
        except (*AWAY, *UNFIT) as error:
            yield Finding(part, Word.NO, str(error))
        except Exception as error:
            yield Finding(part, Word.NO, f"cannot be checked ({type(error).__name__}): report this")


def _settings(settings: Settings) -> Iterator[Finding]:
    open_to_others = exposures(settings)
    files = ", ".join(settings.files) or "the environment"
    yield Finding("settings", Word.OK, f"read from {files}")
    yield from (Finding("settings", Word.OPEN, line) for line in open_to_others)


def _kafka(settings: Settings) -> Iterator[Finding]:
    topics = Topics(settings)
    reports = topics.check(wanted(settings))
    yield Finding("kafka", Word.OK, f"{settings.kafka.bootstrap_servers} answers")
    unseen = hidden(topics.admin, [report.topic for report in reports if report.is_missing])
    if unseen:
        who = settings.kafka.sasl_username or "this login"
        said = f"{len(unseen)} of {len(reports)} are not shown to {who}: an administrator or kasugai-cli sees all"
        yield Finding("topics", Word.UNASKED, said)
    yield from _topics(
        [report for report in reports if report.topic not in unseen], settings.stream.partitions
    )


def _topics(reports: Sequence[Report], partitions: int) -> Iterator[Finding]:
    bad = [report for report in reports if report.finding is TopicFinding.DIFFERS]
    silent = [report for report in reports if report.finding is TopicFinding.CANNOT_SAY]
    yield from (_topic(report, way_back(reports, partitions)) for report in bad)
    if silent:
        said = f"how {len(silent)} of {len(reports)} topics are kept: the broker does not say; kasugai topics check"
        yield Finding("topics", Word.UNASKED, said)
    elif reports and not bad:
        yield Finding("topics", Word.OK, f"all {len(reports)} are as their contracts say")


def _topic(report: Report, way: str) -> Finding:
    fixable = report.is_missing or report.changes
    remedy = "kasugai topics apply" if fixable else way or "kasugai topics check"
    return Finding("topics", Word.NO, f"{line_of(report)}; type: {remedy}")


def _redis(settings: Settings) -> Iterator[Finding]:
    name, may = asyncio.run(_ask_redis(settings))
    yield Finding("redis", Word.OK, f"serves the ledger, forgets nothing, and takes us for its user {name}")
    if may:
        yield Finding(
            "redis",
            Word.OPEN,
            f"its user {name} may do everything; make one with the rights that are needed (ACL SETUSER), as "
            "docs/operators/connections.md says",
        )


async def _ask_redis(settings: Settings) -> tuple[str, bool]:
    async with RedisLedger.connect(settings.redis) as ledger:
        await ledger.check()
    return await may_do_everything(settings.redis)


def _nova(settings: Settings) -> Iterator[Finding]:
    if not settings.nova.is_set:
        yield Finding("nova", Word.UNASKED, "[nova] names no cloud: only workers and the API need one")
        return
    rights = asyncio.run(asked(settings))
    lacking = [right for right in rights if right.standing is Standing.MISSING]
    for right in lacking:
        yield Finding("nova", Word.NO if right.is_needed else Word.OPEN, right.said)
    if not lacking:
        count = sum(right.standing is Standing.GRANTED for right in rights)
        yield Finding("nova", Word.OK, f"answers, and grants all {count} rights that can be asked for")


def _bridge(settings: Settings) -> Iterator[Finding]:
    if settings.bridge.address is None:
        yield Finding(
            "bridge", Word.UNASKED, "[bridge] transport_url is not set: what Nova notifies is not heard"
        )
        return
    for line in check_bridge(settings.bridge):
        yield Finding("bridge", Word.OK if line.is_well else Word.NO, line.text)


def _agents(settings: Settings) -> Iterator[Finding]:
    file = settings.agents.master_keys_file
    if settings.agents.proof == "none":
        yield Finding("agents", Word.UNASKED, "names are believed unproved ([agents] proof = none)")
        return
    try:
        masters = read_masters(file)
    except BadKey as error:
        is_here = os.access(file, os.R_OK)
        remedy = (
            "" if is_here else "; where route and liveness run it must be: docs/operators/proof.md says how"
        )
        said = f"{error}; nothing that agents say is believed by whoever reads this file{remedy}"
        yield Finding("agents", Word.NO if is_here else Word.UNASKED, said)
        return
    hosts = len({host for _, host in masters.revoked})
    revoked = f", and the keys of {hosts} hosts are revoked" if hosts else ""
    yield Finding(
        "agents", Word.OK, f"hosts prove their names by the master keys {', '.join(masters.keys)}{revoked}"
    )


CHECKS: dict[str, Check] = {
    "settings": _settings,
    "kafka": _kafka,
    "clocks": clocks,
    "policies": policies,
    "agents": _agents,
    "redis": _redis,
    "nova": _nova,
    "bridge": _bridge,
    "power": fences,
    "api": api_door,
}
"""In the order in which a deployment is set up."""

OF_KAFKA = ("clocks", "policies")
"""What is known by Kafka alone: it is not waited for again and again."""
