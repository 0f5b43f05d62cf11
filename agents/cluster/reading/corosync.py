"""Reads what Corosync's own tools say of its membership: quorum, members, and the names of its nodes.

Names come from corosync.conf alone: what the tools print beside an id may be a reverse look-up, and is decoration.
Corosync does not keep whether a node left in order: whoever is not in the membership is lost to it.
"""

import re
from dataclasses import dataclass

from kasugai.agents.cluster.picture import Picture, Unreadable, blind, down, shown, strangers, up

QUORATE = re.compile(r"^Quorate:\s+(Yes|No)\s*$", re.MULTILINE)
MEMBER = re.compile(r"^\s*(\d+)\s+\d+\s+\S", re.MULTILINE)
"""A line of the membership: id, votes, and what comes after."""
NODE = re.compile(r"^nodelist\.node\.(\d+)\.(nodeid|name|ring0_addr) \(\w+\) = (.*?)\s*$", re.MULTILINE)
MEMBERSHIP = "Membership information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """The membership that this host is in."""

    quorate: bool
    members: frozenset[int]
    """Ids of the nodes in it."""


def read_quorum(text: str) -> Quorum:
    """Return what `corosync-quorumtool -s` says; Unreadable when it says something else. Its exit code says little:
    it changed its meaning between versions."""
    quorate = QUORATE.search(text)
    _, found, members = text.partition(MEMBERSHIP)
    if quorate is None or not found:
        raise Unreadable("no answer of corosync-quorumtool: Quorate and the membership are missing")
    return Quorum(
        quorate=quorate[1] == "Yes", members=frozenset(int(number) for number in MEMBER.findall(members))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes of corosync.conf."""

    names: dict[int, str]
    """By id."""
    nameless: tuple[str, ...]
    """What is known of those that have no name."""


def read_nodes(text: str) -> Nodes:
    """Return who is in corosync.conf, from `corosync-cmapctl nodelist`; Unreadable when nobody is."""
    nodes: dict[str, dict[str, str]] = {}
    for place, key, value in NODE.findall(text):
        nodes.setdefault(place, {})[key] = value
    if not nodes:
        raise Unreadable("no answer of corosync-cmapctl: no node is listed")
    names, nameless = {}, []
    for node in nodes.values():
        number = node.get("nodeid", "")
        if number.isdigit() and node.get("name"):
            names[int(number)] = node["name"]
        else:
            nameless.append(node.get("ring0_addr", f"id {number}"))
    return Nodes(names=names, nameless=tuple(nameless))


def why_not_heard(quorum: Quorum) -> str:
    """Return why this membership says nothing of others; empty when it may."""
    if quorum.quorate:
        return ""
    return "Corosync has no quorum here: what this partition says of others is not believed"


def picture_of(quorum: Quorum, nodes: Nodes, *, own: str) -> Picture:
    """Return the picture of a membership."""
    remarks = [
        f"the node {each} has no name in corosync.conf and is not watched: give it one"
        for each in nodes.nameless
    ]
    if reason := why_not_heard(quorum):
        return blind(reason, *remarks)
    if own in nodes.names.values() and own not in {nodes.names.get(number) for number in quorum.members}:
        return blind("this host is not in its own membership: look at corosync here", *remarks)
    members = [
        up(name, "in the membership") if number in quorum.members else down(name, "not in the membership")
        for number, name in nodes.names.items()
    ]
    return shown(members, *remarks, *strangers(nodes.names.values(), own))
