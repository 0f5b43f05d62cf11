"""A last word for sorting: decides between what nothing else tells apart, so that no order of reading shows through.

It costs only where it comes to that, unlike a `repr` made for every element.
"""


class Tie:
    """Stands at the end of a sort key."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        """Compare by the `repr` of `value`, which tells all of it."""
        self._value = value

    def __eq__(self, other: object) -> bool:
        """Whether nothing tells them apart at all."""
        return isinstance(other, Tie) and self._value == other._value

    def __lt__(self, other: "Tie") -> bool:
        """Order by what is written of them."""
        return repr(self._value) < repr(other._value)

    __hash__ = None  # type: ignore[assignment]  # it is compared and never kept
