"""What decides where a guest may go and is told by nobody: such a guest is never said to fit.

Nova's filters look into hosts (NUMA cells, PCI devices, processors' features), and Placement's answer to plain needs
says nothing of that. What an image asks for in traits is added to what its guests need.
"""

import re
from dataclasses import replace

from kasugai.core.recovering.nova_views import GuestView, ImageView, Needs

SPECS = re.compile(
    r"pci_passthrough:|accel:|capabilities:|hw:numa_|hw:cpu_policy$|hw:cpu_thread_policy$|hw:cpu_dedicated_mask$"
    r"|hw:emulator_threads_policy$|hw:mem_page_size$|hw:mem_encryption$|hw:pci_numa_affinity_policy$"
    r"|hw:tpm_version$|hw:maxphysaddr|group_policy$|(resources|trait)(\d+|_[^:]*):"
)
"""Extra specs of flavors (nova 34.0.0, doc/source/configuration/extra-specs.rst): by the host's inside, or by groups of
requests."""
PROPERTIES = re.compile(
    r"hw_numa_|hw_cpu_policy$|hw_cpu_thread_policy$|hw_emulator_threads_policy$|hw_mem_page_size$|hw_mem_encryption$"
    r"|hw_pci_numa_affinity_policy$|hw_tpm_version$|hw_maxphysaddr|hw_architecture$|hypervisor_type$"
)
"""Properties of images that do the same."""
SHARED = "shared"
"""The value by which hw:cpu_policy asks for nothing."""
TRAIT, REQUIRED, FORBIDDEN = "trait:", "required", "forbidden"


def unseen_in(guest: GuestView, image: ImageView | None) -> str:
    """Return what of the guest's flavor or image nobody can judge here; empty: nothing."""
    specs = sorted(name for name, value in guest.extra_specs.items() if SPECS.match(name) and value != SHARED)
    properties = sorted(
        name
        for name, value in (image.properties.items() if image else ())
        if PROPERTIES.match(name) and value != SHARED
    )
    return next((f"asks-for {name}" for name in (*specs, *properties)), "")


def image_needs(needs: Needs | None, image: ImageView | None) -> Needs | None:
    """Return the needs with the traits that the image requires or forbids."""
    if needs is None or image is None:
        return needs
    signs = {REQUIRED: "", FORBIDDEN: "!"}
    traits = {
        signs[value] + name.removeprefix(TRAIT)
        for name, value in image.properties.items()
        if name.startswith(TRAIT) and value in signs
    }
    return replace(needs, traits=tuple(sorted({*needs.traits, *traits}))) if traits else needs
