"""A look at the source after all else finds no guest that the plan does not know. It has no effect and no record."""

from kasugai.core.recovering.steps.kind import FinalLook
from kasugai.core.words.actions import WORDINGS, Action

SWEEP = FinalLook(words=WORDINGS[Action.SWEEP])
