"""`kasugai worker KIND ... --check`: what the user of [nova] may do, a line a right, and what gives a missing one."""

from kasugai.adapters.nova import NovaCloud, Right, missing
from kasugai.adapters.settings import Settings
from kasugai.cli.exits import Exit
from kasugai.cli.terminal import data, talk
from kasugai.core.words.subject import Kind

NAMES = {Kind.HOST: "hosts", Kind.INSTANCE: "instances", Kind.PROCESS: "processes"}


async def asked(settings: Settings) -> tuple[Right, ...]:
    """Return every right that a recovery needs and what Nova says to it. CloudAway, BadCloud."""
    cloud = NovaCloud(settings.nova, client=settings.worker.timing.client / 1000)
    try:
        await cloud.check()
        return await cloud.rights(about_a_guest=True)
    finally:
        await cloud.close()


async def told(settings: Settings, pools: frozenset[Kind]) -> Exit:
    """Ask and tell; NO when a right is missing without which a worker of these kinds can do nothing. CloudAway,
    BadCloud."""
    rights = await asked(settings)
    for right in rights:
        data(right.line)
    lacking = missing(rights, pools)
    kind = " or ".join(sorted({kind for right in lacking for kind in right.needed_by & pools}))
    if lacking:
        talk(
            f"{len(lacking)} missing: no {kind} can be recovered. "
            "docs/operators/rights.md says how to give them."
        )
        return Exit.NO
    kinds = " and ".join(NAMES[kind] for kind in sorted(pools))
    talk(f"Nothing that was asked is refused: {kinds} can be recovered. What is marked -- was not asked.")
    return Exit.OK
