"""Why a guest was left where it is, in words: what each word of a plan means to people. One table.

The words are made where guests are chosen (`recovering`), which no teller imports; a test holds the two together.
"""

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "never-launched": "It was still being built, or never was: there is nothing to bring back.",
        "shelved": "It is shelved: its disk is an image in Glance, and its user unshelves it.",
        "deleted": "Its user has deleted it.",
        "in-error": "It was in error before, and its segment leaves such guests (`ignore-error-guests`).",
        "not-marked": "It has no HA_Enabled mark, or its mark says no (`evacuate-all`).",
        "local-disk": "Its data lies on its host's own disks: it waits for that host (`local-guests`).",
        "not-running": "It is not running, and only running guests are moved from a degraded host (`degraded-cold`).",
        "excluded-project": "Its project is left by its segment's policy (`exclude-projects`).",
        "excluded-name": "Its name is left by its segment's policy (`exclude-names`).",
        "excluded-image": "Its image is left by its segment's policy (`exclude-images`).",
        "excluded-image-tag": "A tag of its image is left by its segment's policy (`exclude-image-tags`).",
        "excluded-flavor": "Its flavor is left by its segment's policy (`exclude-flavors`).",
        "excluded-tag": "One of its tags is left by its segment's policy (`exclude-tags`).",
        "excluded-project-tag": "A tag of its project is left by its segment's policy (`exclude-project-tags`).",
    }
)
"""By word."""

OTHERWISE = "It is in a state that this Kasugai does not know: it was left, for a person to look at."


def meaning_of(word: str) -> str:
    """Return why a guest was left, as a sentence; of a state of a newer Nova that it is not known."""
    return MEANINGS.get(word, OTHERWISE)
