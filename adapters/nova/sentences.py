"""What others' servers say about an error, made fit for our records, logs and terminals, at the door.

An error's sentence goes into facts, verdicts and logs as it stands, and may be anything: a proxy's page, another line
of a log, a terminal's commands. It knows no status and no meaning.
"""

import re

from kasugai.core.words.bounds import cut
from kasugai.core.words.visible import visible

LONGEST = 300
"""Characters that are kept: Nova's own sentences are shorter."""

CREDENTIALS_IN_URL = re.compile(r"//[^/@\s]*@")


def sentence(text: object) -> str:
    """Return it as one line of at most `LONGEST` characters, all of them visible, without credentials in URLs."""
    words = " ".join(str(text)[: 10 * LONGEST].split())
    return cut(visible(CREDENTIALS_IN_URL.sub("//", words)), LONGEST)
