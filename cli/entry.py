"""Where the `kasugai` command begins: an agent loads its own noun alone, everybody else the whole command line.

The whole command line takes 7 MiB before anything is done, which on every hypervisor would be a sixth of an agent.
"""

import sys
from collections.abc import Sequence

AGENT = "agent"
OF_ITS_OWN = frozenset({"check"})
"""Its verbs on a hypervisor; the others are for where the master keys are."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == [AGENT] and (not _verb(words) or _verb(words) in OF_ITS_OWN):
        return _agent(words)
    from kasugai.cli.main import main as whole

    return whole(words)


def _verb(words: list[str]) -> str:
    """Return the word behind the noun, unless it is an option."""
    return next((word for word in words[1:2] if not word.startswith("-")), "")


def _agent(words: list[str]) -> int:
    from kasugai.cli import agent
    from kasugai.cli.exits import Exit, Misused
    from kasugai.cli.parser import Parser
    from kasugai.cli.terminal import prepare, talk

    prepare()
    parser = Parser(prog="kasugai")
    agent.add(parser.add_subparsers())
    arguments = parser.parse_args(words)
    try:
        code: int = arguments.run(arguments)
    except Misused as error:
        talk(f"kasugai: {error}")
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return code
