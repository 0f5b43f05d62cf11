"""Everything around a process's `main` that an operator sees: health and metrics, traces, and how its life ended."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource

from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.lives import Lives, counted
from kasugai.adapters.telemetry.serving import served
from kasugai.adapters.telemetry.tracing import exported
from kasugai.adapters.telemetry.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Observed:
    """A process that can be looked at."""

    vitals: Vitals
    lives: Lives


@contextmanager
def observed(settings: Settings, process: str) -> Iterator[Observed]:
    """Let a process be looked at for the length of the block; PortTaken when its port is."""
    told = settings.telemetry
    resource = resource_of(process, settings.stream.instance)
    vitals = Vitals()
    with ExitStack() as stack:
        if port := told.port(process):
            stack.enter_context(served(vitals, resource, told.bind, port))
        stack.enter_context(exported(resource, told.otlp_endpoint))
        yield Observed(vitals, stack.enter_context(counted(process, settings.stream.instance)))


def resource_of(process: str, instance: str) -> Resource:
    """Return who says so, in OpenTelemetry's words."""
    return Resource.create(
        {
            "service.name": f"kasugai-{process.replace('_', '-')}",
            "service.namespace": "kasugai",
            "service.instance.id": instance,
            "service.version": version("kasugai"),
        }
    )
