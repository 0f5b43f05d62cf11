"""Reads of a guest's XML what matters here: what libvirt does when it ends, its disks, its agent's channel. Pure."""

from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from kasugai.agents.instance.values import Description, Disk, OnEnd

AGENT: Final = "org.qemu.guest_agent.0"
"""The name of the channel by which QEMU's guest agent is reached."""
DATA: Final = frozenset({"disk", "lun"})
"""Devices that hold a guest's data; CD-ROMs and floppies (config drives too) do not."""


class NotAGuestError(ValueError):
    """The text is no XML of a guest."""


def description_of(text: str) -> Description:
    """Return what a guest's XML says; NotAGuestError when it is none."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise NotAGuestError(f"not a guest's XML: {error}") from None
    if root.tag != "domain":
        raise NotAGuestError(f"not a guest's XML: <{root.tag}>")
    channels = [each for each in root.iterfind("devices/channel/target") if each.get("name") == AGENT]
    return Description(
        on_crash=_on_end(root, "on_crash", OnEnd.DESTROY),
        on_reboot=_on_end(root, "on_reboot", OnEnd.RESTART),
        on_poweroff=_on_end(root, "on_poweroff", OnEnd.DESTROY),
        has_agent=bool(channels),
        is_agent_connected=any(each.get("state") == "connected" for each in channels),
        disks=tuple(
            _disk(each) for each in root.iterfind("devices/disk") if each.get("device", "disk") in DATA
        ),
    )


def _on_end(root: Element, name: str, default: OnEnd) -> OnEnd:
    said = root.findtext(name, default.value).strip()
    match said:
        case "coredump-destroy":
            return OnEnd.DESTROY
        case "coredump-restart" | "rename-restart":
            return OnEnd.RESTART
        case "destroy" | "restart" | "preserve":
            return OnEnd(said)
        case _:
            return OnEnd.OTHER


def _disk(disk: Element) -> Disk:
    source = disk.find("source")
    names = {} if source is None else source.attrib
    place = names.get("file") or names.get("dev") or names.get("dir") or names.get("protocol") or ""
    return Disk(kind=disk.get("type", ""), source=place)
