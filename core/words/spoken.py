"""Closed sets of words that later versions add to: an unknown word is kept as it was said, told, and never fatal.

Within one version the set is closed: nothing here makes a new member, and what is compared with `is` is a known one.
"""

from enum import StrEnum
from typing import Self

UNKNOWN = "UNKNOWN"
"""The name of a word that this version has no member for."""


class Spoken(StrEnum):
    """A set of words that travels as text."""

    @classmethod
    def heard(cls, word: str) -> Self:
        """Return the member of that word; for a word of a newer version, one outside the set that says it again."""
        known = cls._value2member_map_.get(word)
        if isinstance(known, cls):
            return known
        stranger = str.__new__(cls, word)
        stranger._name_, stranger._value_ = UNKNOWN, word
        return stranger

    @property
    def is_known(self) -> bool:
        """Whether this version has the word."""
        return self._name_ != UNKNOWN
