"""Makes one self-contained page of what a preview shows; no network, light and dark. It is no Grafana and says so."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def page(shown: dict[str, Any], plotly: Path) -> str:
    """Return the page; `plotly` is plotly.min.js."""
    data = json.dumps(shown, separators=(",", ":")).replace("</", "<\\/")
    parts = {
        "@TITLE@": shown["title"],
        "@STYLE@": (HERE / "page.css").read_text(),
        "@DATA@": data,
        "@SCRIPT@": (HERE / "page.js").read_text(),
        "@PLOTLY@": plotly.read_text(encoding="utf-8").replace("</script", "<\\/script"),
    }
    text = (HERE / "page.html").read_text()
    for mark, part in parts.items():
        text = text.replace(mark, part, 1)
    return text
