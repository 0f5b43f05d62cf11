"""Version documents: what there is at the root, and what /v1 says of itself (masakari.md 1.2). Pure."""

from typing import Any

from kasugai.api.microversions import HIGHEST, LOWEST, dotted

MEDIA_TYPES = [{"base": "application/json", "type": "application/vnd.openstack.masakari+json;version=1"}]


def version_list(base: str) -> dict[str, Any]:
    """Return the document of `/`; `base` is the root's URL without a slash at its end."""
    return {"versions": [_version() | {"links": [_self(f"{base}/v1/")]}]}


def choices(base: str, path: str) -> dict[str, Any]:
    """Return what any unknown version prefix is answered with (300)."""
    link = _self(f"{base}/v1/{path.lstrip('/')}")
    return {"choices": [{"id": "v1.0", "status": "CURRENT", "links": [link], "media-types": MEDIA_TYPES}]}


def version_document(base: str) -> dict[str, Any]:
    """Return the document of `/v1`: openstacksdk negotiates by it."""
    described = {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}
    links = [_self(f"{base}/v1/"), described]
    return {"version": _version() | {"links": links, "media-types": MEDIA_TYPES}}


def _version() -> dict[str, Any]:
    return {
        "id": "v1.0",
        "status": "CURRENT",
        "version": dotted(HIGHEST),
        "min_version": dotted(LOWEST),
        "updated": "2016-07-01T11:33:21Z",
    }


def _self(href: str) -> dict[str, str]:
    return {"rel": "self", "href": href}
