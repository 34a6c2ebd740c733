"""CPython's own tests of locks and threads pass under control: the quickest of them.

All of them: `python -m tests.cpython controlled`.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(importlib.util.find_spec("test.test_thread") is None, reason="Python came without its own tests")
def test_lock_tests_of_cpython_pass_under_control() -> None:
    command = [sys.executable, "-m", "tests.cpython", "controlled", "test_thread", "--only", "LockTests"]
    command += ["--seeds", "1", "--executions", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"test_thread +\d\d tests, 0 different", done.stdout)
