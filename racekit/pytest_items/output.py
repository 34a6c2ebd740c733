"""What a test that runs many times prints, logs and warns of."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest.logging import caplog_records_key


class Output:
    """What a test prints, logs and warns of in its executions, which must not pile up.

    Left at the end is what the last execution printed and logged, and each warning once.
    """

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.capture: Any = item.config.pluginmanager.getplugin("capturemanager")
        self.logging: Any = item.config.pluginmanager.getplugin("logging-plugin")
        self.warnings: list[warnings.WarningMessage] = []

    def discard(self) -> None:
        if self.capture is not None:
            self.capture.read_global_capture()
        if self.logging is not None:
            self.logging.report_handler.reset()
        self._discard_repeated_warnings()

    def _discard_repeated_warnings(self) -> None:
        if self.warnings:
            different = {(w.category, str(w.message), w.filename, w.lineno): w for w in self.warnings}
            self.warnings[:] = different.values()

    def enter(self, when: str) -> None:
        """From here on `caplog` shows what is logged in this phase of the test, as it does in a plain run."""
        if self.logging is not None:
            self.logging.caplog_handler.reset()
            self.item.stash[caplog_records_key][when] = self.logging.caplog_handler.records

    @contextmanager
    def of_one_run(self) -> Iterator[None]:
        try:
            with warnings.catch_warnings(record=True) as self.warnings:
                yield
        finally:
            self._discard_repeated_warnings()
            for w in self.warnings:
                warnings.showwarning(w.message, w.category, w.filename, w.lineno)
