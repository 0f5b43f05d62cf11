"""Plays one story in a virtual loop of its own."""

import logging
from collections.abc import Sequence

from kasugai.sim.loop import Stuck, run
from tests.fuzz.shots import Answer, Shot
from tests.fuzz.town import Town


def fired(script: Sequence[Shot | Answer]) -> list[str]:
    """Return what should not have come of these shots; empty when all is well."""
    town, log = Town(), logging.getLogger("kasugai")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        run(town.play(script))
    except Stuck as stuck:
        town.fallen.append(f"somebody hangs: {stuck}")
    finally:
        log.setLevel(before)
    return town.fallen
