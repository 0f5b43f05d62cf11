"""`kasugai worker host --check`: what the user of [nova] may do, a line a right, with the remedy for a missing one."""

from kasugai.adapters.nova import NovaCloud, missing
from kasugai.adapters.settings import Settings
from kasugai.cli.exits import Exit
from kasugai.cli.terminal import data, talk


async def told(settings: Settings) -> Exit:
    """Ask and tell; NO when a right is missing without which no host can be recovered. CloudAway, BadCloud."""
    cloud = NovaCloud(settings.nova, client=settings.worker.timing.client / 1000)
    try:
        await cloud.check()
        rights = await cloud.rights(about_a_guest=True)
    finally:
        await cloud.close()
    for right in rights:
        data(right.line)
    lacking = missing(rights)
    if lacking:
        talk(
            f"{len(lacking)} missing: no host can be recovered. docs/operators/rights.md says how to give them."
        )
        return Exit.NO
    talk("Nothing that was asked is refused: hosts can be recovered. What is marked -- was not asked.")
    return Exit.OK
