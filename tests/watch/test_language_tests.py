"""CPython's own tests of the language come out the same with every function rewritten: the quickest modules of them.

All of them: `python -m tests.cpython rewritten`.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(importlib.util.find_spec("test.test_grammar") is None, reason="Python came without its own tests")
def test_language_tests_of_cpython_come_out_the_same() -> None:
    command = [sys.executable, "-m", "tests.cpython", "rewritten", "test_unpack_ex", "test_super"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 different") == 2
