"""Gives back what a process's start alone has touched: the pages of libraries that their initialisation ran through.

They are clean copies of files and stay in the page cache, where the next one who needs them finds them; what is used
again is there again at its first touch. A process that rests for months need not hold them.
"""

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path

SMAPS = Path("/proc/self/smaps")
MADV_DONTNEED = 4
"""linux/mman.h. Of a private mapping of a file whose pages nobody has written to it forgets them, and no more."""
HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+\s*(\S*)")
WRITTEN = ("Private_Dirty:", "Shared_Dirty:", "Anonymous:")


def give_back() -> None:
    """Give back what can be; a machine that does not let us is left as it is."""
    library = ctypes.CDLL(None)
    for begin, end in _clean():
        library.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), MADV_DONTNEED)
    if trim := getattr(library, "malloc_trim", None):  # glibc's
        trim(0)


def _clean() -> Iterator[tuple[int, int]]:
    """Yield the mappings of files of which no page was written to."""
    place, is_clean = None, False
    for line in [*SMAPS.read_text().splitlines(), "0-0 ---p 0 0 0"]:
        if head := HEAD.match(line):
            if place is not None and is_clean:
                yield place
            begin, end, mode, file = head.groups()
            place = (int(begin, 16), int(end, 16)) if file.startswith("/") and "w" not in mode else None
            is_clean = True
        elif line.startswith(WRITTEN) and int(line.split()[1]):
            is_clean = False
