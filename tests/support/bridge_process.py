"""`kasugai bridge` with a reader that makes one fault of each notification, so that what is lost or doubled shows.

`python -m tests.support.bridge_process --config-file FILE`; all else is as in the product.
"""

import argparse
import sys

from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.conclusions import Conclusion
from kasugai.cli.bridge import live
from kasugai.cli.exits import Misused
from kasugai.core.words.log import LogAway
from kasugai.core.words.signals import Source, Symptom, fault

HOST = "host1"


class OneEach:
    """Says of one host, in the episode of each notification's guest (or of itself), that it is down."""

    def read(self, notification: Notification) -> Conclusion:
        """See Reads."""
        episode = notification.payload.get("uuid") or notification.id
        word = fault(
            host=HOST, observer="bridge", source=Source.NOVA, symptom=Symptom.DOWN, episode=str(episode)
        )
        return Conclusion(faults=[word])


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config-file", action="append", dest="config_file")
    parser.set_defaults(demo=False)
    try:
        return live(parser.parse_args(), OneEach())
    except Misused as error:
        sys.stderr.write(f"kasugai: {error}\n")
        return 2
    except LogAway as error:
        sys.stderr.write(f"kasugai: {error}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main())
