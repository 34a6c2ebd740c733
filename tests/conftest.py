"""Tests of what a user sees say what stands on a terminal, so the environment of a CI server must not reach them."""

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

for name in ("CI", "BUILD_NUMBER"):  # with one of them, pytest prints long summaries
    os.environ.pop(name, None)
settings.load_profile("default")  # Hypothesis has another one for CI servers, chosen when it was imported
