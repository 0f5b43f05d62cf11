"""Sets the stage for a scenario, as its `cloud` section says: segments, hosts, guests, observers and the world."""

import dataclasses
from collections.abc import Callable
from typing import Any

from kasugai.core.recovering.states import VM_STATES
from kasugai.core.watching.rules import Rules
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import (
    Degraded,
    DegradedCold,
    Disabled,
    Exhausted,
    Fencing,
    HostReturn,
    LocalGuests,
    Method,
)
from kasugai.sim.cloud import CONVOY
from kasugai.sim.lab.actors.bridge import BridgeActor, Road
from kasugai.sim.lab.actors.liveness import LivenessActor
from kasugai.sim.lab.agents import HostAgents
from kasugai.sim.lab.custom_step import SimulatedStep
from kasugai.sim.lab.dogs import Dogs
from kasugai.sim.lab.grammar import BadScenario, Line, Scenario, explained, names, options, seconds
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.observers import Observer, Rounds
from kasugai.sim.lab.reading import READERS, start_reader

Options = dict[str, str]

HOST_WORDS = (
    *("reserve", "nodevice", "spare", "storage", "maintenance", "stranger"),
    *("cell=", "capacity=", "root-disks=", "in="),
)
GUEST_WORDS = (
    *("locked", "marked", "ephemeral", "swap", "config-drive", "elsewhere", "forgotten", *VM_STATES),
    *("task=", "priority=", "tag=", "spec=", "spec-mark=", "image=", "flavor=", "project=", "from="),
)

FLAGS: dict[str, tuple[str, bool]] = {
    "no-date": ("sends_date", False),
    "no-sync": ("syncs_power", False),
    "compares-boots": ("compares_boots", True),
    "placement": ("tells_room", True),
}
"""What is so in a world by one word of a line `nova`."""


def build(lab: Lab, scenario: Scenario) -> None:
    """Set the laboratory up as the scenario says."""
    builder = _Builder(lab)
    for line in scenario.cloud:
        try:
            builder.add(line)
        except (KeyError, ValueError) as error:
            told = f"{' '.join(line.words)}: {explained(error)}"
            raise BadScenario(f"{scenario.path}:{line.number}: {told}") from error


class _Builder:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._rounds = Rounds()
        self._segment = ""
        self._words: dict[str, Callable[[str, tuple[str, ...]], None]] = {
            "segment": self._add_segment,
            "host": self._add_host,
            "guest": self._add_guest,
            "aggregate": self._add_aggregate,
            "group": self._add_group,
            "project": self._add_project,
            "image": self._add_image,
            "observer": self._add_observer,
            "agents": self._add_agents,
            "nova": self._set_nova,
            "workers": self._set_workers,
            "step": self._add_step,
        }

    def add(self, line: Line) -> None:
        what, name, *rest = line.words
        self._words[what](name, tuple(rest))

    def _add_segment(self, name: str, words: tuple[str, ...]) -> None:
        """segment NAME [confirm-after=20s] [evacuate-all=no] [disarmed] ..."""
        self._segment = name
        policy, armed = self._lab.policy, True
        for word in words:
            if word == "disarmed":
                armed = False
                continue
            key, _, value = word.partition("=")
            policy = dataclasses.replace(policy, **_policy(key, value))  # type: ignore[arg-type]
        self._lab.describe_segment(name, policy=policy, armed=armed)

    def _add_host(self, name: str, words: tuple[str, ...]) -> None:
        """host NAME [reserve] [nodevice] [spare] [storage] [maintenance] [stranger] [cell=c2] [capacity=3]
        [root-disks=shared] [in=pdu/pdu-3,rack/r1] [runs GUEST ...]; NAME may be c01..c20"""
        flags, guests = _until(words, "runs")
        said = options(flags, *HOST_WORDS)
        for each in names(name):
            self._add_one_host(each, said)
        for guest in guests:
            self._lab.cloud.add_guest(guest, name)

    def _add_one_host(self, name: str, said: Options) -> None:
        capacity = int(said["capacity"]) if "capacity" in said else None
        self._lab.cloud.add_host(
            name,
            cell=said.get("cell", "cell1"),
            capacity=capacity,
            has_device="nodevice" not in said,
            enabled="reserve" not in said,
        )
        if "spare" in said:
            self._lab.cloud.power.add_spare(name)
        if "storage" in said:
            self._lab.cloud.storage.add(name)
        if "stranger" not in said:
            self._lab.describe_host(
                name,
                self._segment,
                reserved="reserve" in said,
                on_maintenance="maintenance" in said,
                root_disks=RootDisks(said["root-disks"]) if "root-disks" in said else None,
                domains=tuple(sorted(_domain(word) for word in _words(said.get("in", "")))),
            )

    def _add_guest(self, name: str, words: tuple[str, ...]) -> None:
        """guest NAME [stopped|paused|...] [task=T] [locked] [marked] [priority=N] [tag=T] [spec=N] [spec-mark=yes|no]
        [from=HOST] [image=I] [flavor=F] [project=P] [ephemeral] [swap] [config-drive] [elsewhere] [forgotten]: change a
        guest that a host runs. `priority` is metadata, `spec` and `spec-mark` its flavor's specs HA_Priority and
        HA_Enabled; `elsewhere`: a disk of it lies on other storage than its host's."""
        cloud = self._lab.cloud
        guest = cloud.world.guest(name)
        host = guest.host
        said = options(words, *GUEST_WORDS)
        states = [word for word in words if word in VM_STATES]
        metadata = {"HA_Enabled": "True"} if "marked" in said else {}
        metadata |= {"HA_Priority": said["priority"]} if "priority" in said else {}
        about: dict[str, Any] = {key: said[key] for key in ("image", "flavor", "project") if key in said}
        del cloud.world.guests[guest.uuid]
        cloud.nova.actions.purge(guest)
        cloud.diary.stop(guest.uuid, host or "")
        cloud.add_guest(
            name,
            host,
            vm_state=states[0] if states else "active",
            metadata=metadata,
            locked_by="owner" if "locked" in said else None,
            tags=tuple(w.removeprefix("tag=").replace(":", "=") for w in words if w.startswith("tag=")),
            extra_specs=_specs(said),
            ephemeral=10 * ("ephemeral" in said),
            swap=512 * ("swap" in said),
            config_drive="config-drive" in said,
            task_state=said.get("task"),
            **about,
        )
        if "elsewhere" in said:
            cloud.storage.elsewhere.add(guest.uuid)
        if "forgotten" in said:
            cloud.purge_actions(name)
        if "from" in said:
            cloud.resized_from(name, said["from"])

    def _add_aggregate(self, name: str, words: tuple[str, ...]) -> None:
        """aggregate NAME HOST ... [KEY=VALUE ...]: a host aggregate of Nova, with its metadata."""
        hosts = [word for word in words if "=" not in word]
        aggregate = self._lab.cloud.add_aggregate(name, *hosts)
        aggregate.metadata |= dict(word.partition("=")[::2] for word in words if "=" in word)

    def _add_group(self, name: str, words: tuple[str, ...]) -> None:
        """group NAME GUEST ...: an anti-affinity server group of guests that hosts of lines above run."""
        self._lab.cloud.add_group(name, *words)

    def _add_image(self, name: str, words: tuple[str, ...]) -> None:
        """image NAME [tag=T ...] [KEY=VALUE ...]: what Glance says of an image."""
        said = [word.partition("=")[::2] for word in words]
        tags = [value for key, value in said if key == "tag"]
        self._lab.cloud.add_image(name, *tags, **{key: value for key, value in said if key != "tag"})

    def _add_project(self, name: str, words: tuple[str, ...]) -> None:
        """project NAME [unknown] [tag=T ...]: what Keystone says of a project."""
        said = options(words, "unknown", "tag=")
        tags = [word.removeprefix("tag=") for word in words if word.startswith("tag=")]
        self._lab.cloud.add_project(name, *tags, known="unknown" not in said)

    def _add_step(self, name: str, words: tuple[str, ...]) -> None:
        """step NAME [raises=N] [takes=5s] [comes-after=10s] [impossible]: a step of the operator's own."""
        said = options(words, "raises=", "takes=", "comes-after=", "impossible")
        step = SimulatedStep(
            say=lambda sentence: self._lab.say("world", f"step {name}: {sentence}"),
            raises=int(said.get("raises", 0)),
            takes=seconds(said.get("takes", "0s")),
            comes_after=seconds(said.get("comes-after", "0s")),
            is_impossible="impossible" in said,
        )
        self._lab.custom_steps = {**self._lab.custom_steps, name: step}

    def _add_observer(self, name: str, words: tuple[str, ...]) -> None:
        """observer SOURCE [delay=2s] [every=30s] [only=cmp1]: watches all hosts and says what it sees.
        observer os-services|prometheus [every=5s]: production's reader of Nova's records, or of a query."""
        said = options(words, *(["every="] if name in READERS else ["delay=", "every=", "only="]))
        if name in READERS:
            start_reader(self._lab, name, seconds(said.get("every", "5s")))
            return
        observer = Observer(
            lab=self._lab,
            source=name,
            delay=seconds(said.get("delay", "2s")),
            every=seconds(said.get("every", "30s")),
            only=said.get("only", ""),
        )
        self._rounds.join(observer.look)

    def _add_agents(self, name: str, words: tuple[str, ...]) -> None:
        """agents all|HOST.. [watchdog] [loss=PERCENT] [witness=storage+tenant,...]: they beat on these hosts of lines
        above, and liveness watches. `watchdog`: each pets one; `witness`: liveness' matrix of networks."""
        said = options(words, "watchdog", "loss=", "witness=")
        hosts = list(self._lab.cloud.world.hosts) if name == "all" else names(name)
        rules = Rules(witness=_words(said.get("witness", "")))
        self._lab.host_agents = HostAgents(self._lab, hosts, loss=float(said.get("loss", 0)) / 100)
        if "watchdog" in said:
            self._lab.dogs = Dogs(self._lab, self._lab.host_agents)
        self._lab.liveness = LivenessActor(self._lab.broker, rules)

    def _set_nova(self, name: str, words: tuple[str, ...]) -> None:
        """nova no-date | nova no-sync | nova compares-boots | nova convoy | nova placement | nova clock +30s|-30s |
        nova spawn 20s | nova notifies [loss=10%] [late=5s] [twice]"""
        world = self._lab.cloud.world
        if name in FLAGS:
            setattr(world, *FLAGS[name])
        elif name == "convoy":
            world.pace = dataclasses.replace(world.pace, turn=CONVOY.turn, crowding=CONVOY.crowding)
        elif name == "clock":
            sign = -1 if words[0].startswith("-") else 1
            world.clock_offset = sign * seconds(words[0].lstrip("+-"))
        elif name == "spawn":
            world.pace = dataclasses.replace(world.pace, spawn=seconds(words[0]))
        elif name == "notifies":
            self._add_bridge(words)
        else:
            raise ValueError(f"nova takes {', '.join(FLAGS)}, convoy, clock, spawn or notifies")

    def _add_bridge(self, words: tuple[str, ...]) -> None:
        """nova notifies [loss=10%] [late=5s] [twice]: it tells what it does, and the bridge reads it."""
        said = options(words, "loss=", "late=", "twice")
        self._lab.bridge = BridgeActor(
            self._lab.broker,
            self._lab.cloud,
            Road(
                loss=float(said.get("loss", "0").rstrip("%")) / 100,
                late=seconds(said.get("late", "0s")),
                twice="twice" in said,
            ),
            knows=lambda host: host in self._lab.hosts,
            say=lambda sentence: self._lab.say("bridge", sentence),
        )

    def _set_workers(self, name: str, words: tuple[str, ...]) -> None:
        """workers SLOTS: how many hosts a worker serves at a time."""
        self._lab.slots = int(name)


def _readers() -> dict[str, Callable[[str], object]]:
    return {
        "confirm-observers": int,
        "trust-assertions": _yes,
        "fence": Fencing,
        "root-disks": RootDisks,
        "local-guests": LocalGuests,
        "respect-disabled": Disabled,
        **dict.fromkeys(
            ("confirm-after", "unfenced-wait", "local-wait", "settle-after-fence", "dump-wait"), _millis
        ),
        **dict.fromkeys(("restart-window", "process-quiet"), _millis),
        **dict.fromkeys(("process-disable", "process-evacuate"), _words),
        "restart-all": _yes,
        "restart-budget": int,
        "restart-then": Exhausted,
        "host-return": HostReturn,
        "degraded": Degraded,
        "degraded-cold": DegradedCold,
        "degraded-hosts": int,
        **dict.fromkeys(("max-unhealthy", "domain-trip"), lambda text: int(text.rstrip("%"))),
        **dict.fromkeys(("domain-small", "domain-cap", "domain-rate"), int),
        "domain-as-one": _words,
        "evacuate-all": _yes,
        "ignore-error-guests": _yes,
        "attempts": int,
        "window": int,
        "method": Method,
        "add-reserve-to-aggregates": _yes,
        "image-words": _yes,
        **{
            f"{kind}-{when}": _words
            for kind in ("host", "instance", "process")
            for when in ("before", "after")
        },
        **{
            f"exclude-{word}": _words
            for word in ("projects", "names", "images", "image-tags", "flavors", "tags", "project-tags")
        },
    }


def _policy(key: str, value: str) -> dict[str, object]:
    return {key.replace("-", "_"): _readers()[key](value)}


def _millis(text: str) -> int:
    return int(seconds(text) * 1000)


def _specs(said: Options) -> dict[str, str]:
    specs = {"HA_Priority": said.get("spec"), "HA_Enabled": said.get("spec-mark")}
    return {key: value for key, value in specs.items() if value is not None}


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _domain(text: str) -> Domain:
    kind, _, name = text.partition("/")
    domain = Domain(kind=kind, name=name)
    if trouble := domain.why_misnamed():
        raise ValueError(trouble)
    return domain


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _until(words: tuple[str, ...], word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if word not in words:
        return words, ()
    at = words.index(word)
    return words[:at], words[at + 1 :]


POLICY_WORDS = frozenset(_readers())
"""The words of a policy that a line `segment` knows."""
