"""A browser to look at pages with: Chromium without a window, spoken to by its DevTools protocol over two pipes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

LAUNCHER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes the browser, which speaks over the file descriptors 3 and 4: no others can be named to it."""


def find_browser() -> str | None:
    """A Chromium: the one that the environment variable RACEKIT_BROWSER names, or one on the path."""
    return os.environ.get("RACEKIT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A page in a browser."""

    def __init__(self, commands: Any, answers: Any) -> None:
        self._commands = commands
        self._answers = answers
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def open(
        self, file: Path, *, width: int = 1280, height: int = 900, scripts: bool = True, dark: bool = False
    ) -> None:
        """Show a file, in a window of this many CSS pixels."""
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self.complaints.clear()
        self.requests.clear()
        self._loaded = False
        self._call("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._receive()

    def press(self, *keys: str) -> None:
        for key in keys:
            code = f"Key{key.upper()}" if len(key) == 1 else key
            text = {"text": key} if len(key) == 1 else {}
            self._call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, **text)
            self._call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code)

    def hover(self, selector: str) -> None:
        """Move the mouse to the middle of an element that is in sight."""
        self._x, self._y = self.value(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=self._x, y=self._y)

    def click(self, selector: str) -> None:
        """Click on the middle of an element that is in sight."""
        self.hover(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=self._x, y=self._y, button="left", clickCount=1)

    def allow_questions(self) -> None:
        """Have a page that was opened without scripts answer `value` and the like; its own scripts have not run."""
        self._call("Emulation.setScriptExecutionDisabled", value=False)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is, on this page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """What a reader sees of the first such element, on one line."""
        return " ".join(str(self.value(f"document.querySelector({json.dumps(selector)}).innerText")).split())

    def count(self, selector: str) -> int:
        """How many such elements are in sight."""
        shown = "it => it.checkVisibility() && getComputedStyle(it).display != 'none'"
        return int(self.value(f"[...document.querySelectorAll({json.dumps(selector)})].filter({shown}).length"))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has gone"
            message += byte
        told: dict[str, Any] = json.loads(message)
        match told.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["params"]["exceptionDetails"]))
            case "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
        return told


@contextmanager
def browser_page(browser: str, profile: Path) -> Iterator[Page]:
    """Start `browser` with a profile of its own, for as long as the block lasts."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(to_browser), str(from_browser), browser, *arguments],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        with open(commands, "wb") as writing, open(answers, "rb") as reading:
            yield Page(writing, reading)
    finally:
        process.kill()
        process.wait()
