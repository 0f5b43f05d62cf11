"""A real Chromium without a screen, spoken to over two pipes in its own protocol (DevTools): pages as people see them.

It has a profile of its own for as long as it runs, and no network is needed.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 60.0
"""Seconds for one answer."""
HIGH = 10
"""Descriptors of ours lie from here on: 3 and 4 are the browser's."""


class Chromium:
    """Context manager: a browser with one page."""

    def __enter__(self) -> Self:
        """Start it."""
        program = shutil.which("chromium")
        assert program is not None, "chromium is missing: type tools/ensure-services browser"
        self._folder = tempfile.TemporaryDirectory(prefix="kasugai-chromium-", ignore_cleanup_errors=True)
        theirs_in, self._to = (fcntl.fcntl(fd, fcntl.F_DUPFD, HIGH) for fd in os.pipe())
        self._from, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD, HIGH) for fd in os.pipe())
        options = (
            "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-extensions "
            "--disable-background-networking --disable-component-update --disable-dev-shm-usage "
            f"--remote-debugging-pipe --user-data-dir={self._folder.name}"
        )
        self._child = subprocess.Popen(
            ["bash", "-c", f'exec "$0" {options} about:blank 3<&{theirs_in} 4>&{theirs_out}', program],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._count, self._session = b"", 0, ""
        self.complaints: list[str] = []
        """What its console has shown as an error or a warning, what no script caught, and what was asked of others."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and take its profile away."""
        self._child.terminate()
        self._child.wait(timeout=PATIENCE)
        os.close(self._to)
        os.close(self._from)
        self._folder.cleanup()

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Return the browser's answer; AssertionError where it says no."""
        self._count += 1
        message: dict[str, object] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._read(until)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def show(self, file: Path, *, width: int, height: int = 900, dark: bool = False, media: str = "") -> None:
        """Show a file in a window of that width, as it is seen by day or by night, or (`media` is print) on paper."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.ask("Page.navigate", url=file.resolve().as_uri())
        until = time.monotonic() + PATIENCE
        while self.value("document.readyState") != "complete":
            assert time.monotonic() < until, "the page was not complete in time"

    def value(self, expression: str) -> Any:
        """Return what an expression of JavaScript gives on the page; AssertionError where it throws."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go: `Tab`, `Enter`, or a letter."""
        codes = {"Tab": 9, "Enter": 13}
        text = {"Enter": "\r"}.get(key, "" if key in codes else key)
        code = codes.get(key, ord(key[0].upper()))
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more
            )

    def picture(self, file: Path, *, height: int | None = None) -> None:
        """Write what is shown to a PNG: all of the page, or its uppermost `height`."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            left = until - time.monotonic()
            assert left > 0 and select.select([self._from], [], [], left)[0], "the browser does not answer"
            more = os.read(self._from, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, about: dict[str, Any]) -> None:
        match event:
            case "Runtime.exceptionThrown":
                self.complaints.append(f"thrown: {about['exceptionDetails'].get('text')}")
            case "Runtime.consoleAPICalled" if about["type"] in ("error", "warning", "assert"):
                self.complaints.append(f"console: {about['args']}")
            case "Log.entryAdded" if about["entry"]["level"] in ("error", "warning"):
                self.complaints.append(f"log: {about['entry']['text']}")
            case "Network.requestWillBeSent" if not about["request"]["url"].startswith(("file:", "about:")):
                self.complaints.append(f"asked for: {about['request']['url']}")
            case _:
                pass
