"""How a service tells systemd how it is: sd_notify's datagrams, to the socket that `$NOTIFY_SOCKET` names."""

import os
import socket
from contextlib import suppress


def notify(*lines: str) -> None:
    """Send lines (`READY=1`, `STATUS=...`, `WATCHDOG=1`); nothing happens where nobody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.setblocking(False)
        door.sendto("\n".join(lines).encode(), address)
