"""Tests of what a user sees say what stands on a terminal, so the environment of a CI server must not reach them."""

import os
import sys
import tempfile

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

for name in ("CI", "BUILD_NUMBER"):  # with one of them, pytest prints long summaries
    os.environ.pop(name, None)
settings.load_profile("default")  # Hypothesis has another one for CI servers, chosen when it was imported


def pytest_configure(config: pytest.Config) -> None:
    """Where no bytecode is to be written, each Python that a test starts would compile everything anew."""
    if sys.dont_write_bytecode and not hasattr(config, "workerinput"):
        compiled = tempfile.TemporaryDirectory(prefix="racekit-tests-")
        config.add_cleanup(compiled.cleanup)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = compiled.name
