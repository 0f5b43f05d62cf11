"""A look after all else finds the subject as it should be. It has no effect and no record."""

from kasugai.core.recovering.steps.kind import FinalLook
from kasugai.core.words.actions import WORDINGS, Action

CONFIRM = FinalLook(words=WORDINGS[Action.CONFIRM])
