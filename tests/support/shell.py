"""What unit tests of the Faust shell share: an end of the process that can be seen, and a clock moved by hand."""

from kasugai.adapters.faust.exits import Exit


class Left(BaseException):
    """The process would have ended here."""

    def __init__(self, code: Exit, why: str) -> None:
        """Keep the code."""
        super().__init__(f"{code.name}: {why}")
        self.code = code


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        """Begin at a time that is not zero."""
        self.at = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.at
