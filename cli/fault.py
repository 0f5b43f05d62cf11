"""`kasugai fault publish HOST`: says on Kafka what a person knows about a host, as every other observer does."""

import argparse
import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from shlex import join, quote
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings, Settings
    from kasugai.core.words.signals import Fault, Stamp


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "fault",
        "Report that a host, an instance or a process has failed, or that it lives.",
        ["kasugai fault publish cmp1 --fenced", "kasugai fault publish cmp1 --alive"],
    )
    parser = command(
        verbs,
        "publish",
        "Publish one observation: a new one, unless --id repeats one.",
        ["kasugai fault publish cmp1 --fenced", "kasugai fault publish cmp1 --process nova-compute --alive"],
        _publish,
    )
    parser.add_argument(
        "host",
        metavar="HOST",
        type=carried_name,
        help="Nova's name of the compute service's host, byte for byte",
    )
    whom = parser.add_mutually_exclusive_group()
    whom.add_argument(
        "--instance", metavar="UUID", type=_uuid, help="it is an instance on that host that has failed"
    )
    whom.add_argument(
        "--process",
        metavar="NAME",
        type=carried_name,
        help="it is a process of that host that has failed, or (--alive) runs again",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--fenced",
        action="store_true",
        help="you vouch that the host is off: this confirms at once, and counts as the fence where there is no "
        "device, unless its segment says trust-assertions: no (then: kasugai incident approve HOST --limit fence)",
    )
    what.add_argument("--alive", action="store_true", help="a sign of life, not a failure")
    parser.add_argument(
        "--id", metavar="EPISODE", type=carried_name, help="repeat the observation of that id: it counts once"
    )
    parser.add_argument(
        "--observer", default="cli", metavar="NAME", type=carried_name, help="who says so (default: cli)"
    )
    parser.add_argument(
        "--force", action="store_true", help="publish about a host that the inventory does not know"
    )
    add_output(parser)
    add_config_file(parser)


def carried_name(text: str) -> str:
    """Return a name that a record can carry. An empty one is a variable that a script forgot: without it the report
    would be about the host itself."""
    from kasugai.core.words.bounds import LONGEST, bytes_of

    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    if bytes_of(text) > LONGEST:
        raise argparse.ArgumentTypeError(f"it has {bytes_of(text)} bytes, at most {LONGEST} are taken")
    return text


def _uuid(text: str) -> str:
    """Return an instance's uuid as Nova writes it."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError("it is no uuid: openstack server list --all-projects") from error


def _publish(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, talk

    if arguments.fenced and (arguments.instance or arguments.process):
        raise Misused("--fenced is about the host itself: leave out --instance and --process")
    settings = settings_of(arguments)
    with _traced(settings, arguments.host):
        fault, stamp = asyncio.run(publish(settings.kafka, arguments))
    if arguments.output == "json":
        data_json(
            {
                "event_id": str(fault.event_id),
                "subject": fault.subject.name,
                "host": fault.host,
                "host_uuid": fault.host_uuid,
                "symptom": str(fault.symptom),
                "fenced": fault.asserted,
                "episode": fault.episode,
                "observer": fault.observer,
                "partition": stamp.partition,
                "offset": stamp.offset,
            }
        )
    else:
        data(sentence(fault))
    talk(f"To send the same observation again: {repetition(fault)}")
    follow = "incident watch" if fault.subject.is_host else "explain"
    talk(f"What comes of it: kasugai {follow} {quote(fault.subject.title)}")
    return Exit.OK


@contextmanager
def _traced(settings: "Settings", host: str) -> Iterator[None]:
    """Where traces are wanted, an incident's begins with the word of whoever reported it."""
    if not settings.telemetry.otlp_endpoint:
        yield
        return
    from opentelemetry.trace import SpanKind

    from kasugai.adapters.telemetry.attributes import Attribute
    from kasugai.adapters.telemetry.process import resource_of
    from kasugai.adapters.telemetry.tracing import exported, span

    resource = resource_of("cli", settings.stream.instance)
    with (
        exported(resource, settings.telemetry.otlp_endpoint),
        span("publish fault", {}, {Attribute.HOSTNAME: host}, SpanKind.PRODUCER),
    ):
        yield


async def publish(kafka: "KafkaSettings", arguments: argparse.Namespace) -> "tuple[Fault, Stamp]":
    """Publish what the command line describes; SaidNo as `publish_about`."""
    return await publish_about(kafka, arguments.host, partial(observation, arguments), force=arguments.force)


async def publish_about(
    kafka: "KafkaSettings", name: str, make: "Callable[[str, int], Fault]", *, force: bool
) -> "tuple[Fault, Stamp]":
    """Look the host up and publish what `make` says of its uuid and the inventory's offset; SaidNo when the inventory
    does not know it (and nothing forces it)."""
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.adapters.kafka.producer import Producer
    from kasugai.schemas.topics import REPORTED

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        host = reader.inventory.host_named(name)
        if host is None and not force:
            known = sorted(host.name for host in reader.inventory.hosts())
            raise SaidNo(unknown(name, known))
        fault = make(host.host_uuid if host else "", reader.offset - 1)
    async with Producer(kafka, "kasugai-cli") as producer:
        return fault, await producer.send(REPORTED, fault)


def observation(arguments: argparse.Namespace, host_uuid: str, inventory_offset: int) -> "Fault":
    """Return the fault that the command line describes."""
    from kasugai.cli.clock import now
    from kasugai.core.words.signals import Source, Symptom, fault
    from kasugai.core.words.subject import Kind

    episode = arguments.id or str(uuid.uuid4())  # noqa: TID251 - a person's word is a new one each time, and printed
    kind = Kind.INSTANCE if arguments.instance else Kind.PROCESS if arguments.process else Kind.HOST
    return fault(
        kind=kind,
        detail=arguments.instance or arguments.process or "",
        host=arguments.host,
        host_uuid=host_uuid,
        observer=arguments.observer,
        source=Source.REPORTED,
        symptom=Symptom.ALIVE if arguments.alive else Symptom.DOWN,
        episode=episode,
        asserted=arguments.fenced,
        observed_at=now(),
        inventory_offset=inventory_offset,
    )


def unknown(host: str, known: list[str]) -> str:
    """Return what to say about a host that the inventory does not know."""
    if not known:
        return f"the inventory has no host yet, so {host} is unknown: describe it with kasugai segment apply FILE.yaml"
    short = host.partition(".")[0]
    near = [name for name in known if name.partition(".")[0] == short]
    shown = ", ".join((near or known)[:5])
    return (
        f"the inventory does not know the host {host} (it knows {shown}): add it with kasugai segment apply FILE.yaml, "
        "or publish all the same with --force"
    )


def sentence(fault: "Fault") -> str:
    """Return what was published as a sentence."""
    fenced = ", fenced" if fault.asserted else ""
    return f"{fault.subject.title} is {fault.symptom}{fenced} (event {fault.event_id}, id {fault.episode})"


def repetition(fault: "Fault") -> str:
    """Return the command line that sends the same observation again."""
    words = ["kasugai", "fault", "publish", fault.host]
    words += [] if fault.subject.is_host else [f"--{fault.subject.kind}", fault.subject.detail]
    words += ["--fenced"] if fault.asserted else []
    words += ["--alive"] if fault.symptom == "alive" else []
    words += ["--observer", fault.observer] if fault.observer != "cli" else []
    words += [] if fault.host_uuid else ["--force"]
    return join([*words, "--id", fault.episode])
