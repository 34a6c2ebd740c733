"""The string buffer of JDK 1.4: appending another one asks for its length, then copies so many characters."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold


class StringBuffer:
    def __init__(self, text: str, check: Check) -> None:
        self.lock = threading.Lock()
        self.text = text
        self.check = check

    def length(self) -> int:
        with self.lock:
            return len(self.text)

    def get_characters(self, count: int) -> str:
        with self.lock:
            self.check(count <= len(self.text))
            return self.text[:count]

    def erase(self, start: int, end: int) -> None:
        with self.lock:
            self.text = self.text[:start] + self.text[end:]

    def append(self, text: str) -> None:
        with self.lock:
            self.text = self.text + text

    def append_buffer(self, other: StringBuffer) -> None:
        with self.lock:
            self.text = self.text + other.get_characters(other.length())


def stringbuffer(check: Check = must_hold) -> None:
    buffer = StringBuffer("abc", check)

    def replace() -> None:
        buffer.erase(0, 3)
        buffer.append("abc")

    thread = threading.Thread(target=replace)
    thread.start()
    StringBuffer("", check).append_buffer(buffer)
    thread.join()
