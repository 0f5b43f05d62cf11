"""The page as a whole: its head, which lets nothing in from elsewhere, and its sections."""

import hashlib
from base64 import b64encode
from importlib.resources import files
from xml.etree.ElementTree import Element

from kasugai.cli.report import sections
from kasugai.cli.report.markup import document, raw, tag
from kasugai.core.telling.incident_views import SHORT
from kasugai.core.telling.report import Report


def page(report: Report) -> str:
    """Return the report as one HTML page: no network, no font, and no script that is needed to read it."""
    style, script = _ours("page.css"), _ours("page.js")
    return document(
        tag(
            "html",
            _head(report, style),
            tag(
                "body",
                tag("a", "To the timeline", class_="skip", href="#timeline"),
                tag("main", *sections.all_of(report)),
                raw("script", script),
            ),
            lang="en",
        )
    )


def _head(report: Report, style: str) -> Element:
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(_ours('page.js'))}'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="kasugai incident report"),
        tag("title", title(report)),
        raw("style", style),
    )


def title(report: Report) -> str:
    """Return what the page is called."""
    number = f"Incident {str(report.view.incident)[:SHORT]}" if report.view.incident else "Suspicion"
    return f"{number}: {report.view.called} ({report.segment})"


def _ours(name: str) -> str:
    return (files("kasugai.cli.report") / name).read_text()


def _hash(text: str) -> str:
    """Return what tells a browser that a style or a script is ours: it takes no other."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
