"""A mailbox over a pipe. Whoever waits for mail holds the lock that whoever brings mail needs. Only the kernel knows
that, so racekit cannot tell that nobody will ever go on. But pytest-timeout ends the test, and racekit tells who is
where, and who waits for whom.

`pytest test_hang.py -o python_functions="hangs_*"` says:

    Timeout (>3s) in an exploration by racekit.
    MainThread waits in join for the end of recipient
        test_hang.py:53 in hangs_if_nothing_has_been_brought_before   racekit.together(recipient, postman)
    recipient is in a call outside control
        test_hang.py:48 in hangs_if_nothing_has_been_brought_before.<locals>.recipient   assert mailbox.fetch() == b"!"
        test_hang.py:35 in Mailbox.fetch   return os.read(self.reader, 1)
    postman waits in acquire for Mailbox.lock, held by recipient
        test_hang.py:51 in hangs_if_nothing_has_been_brought_before.<locals>.postman   mailbox.bring(b"!")
        test_hang.py:38 in Mailbox.bring   with self.lock:
"""

import os
import subprocess
import sys
import threading

import pytest

import racekit


class Mailbox:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reader, self.writer = os.pipe()

    def fetch(self) -> bytes:
        with self.lock:
            return os.read(self.reader, 1)

    def bring(self, letter: bytes) -> None:
        with self.lock:
            os.write(self.writer, letter)


@pytest.mark.timeout(3)
@racekit.race
def hangs_if_nothing_has_been_brought_before() -> None:
    mailbox = Mailbox()

    def recipient() -> None:
        assert mailbox.fetch() == b"!"

    def postman() -> None:
        mailbox.bring(b"!")

    racekit.together(recipient, postman)


def test_a_hanging_test_is_ended_with_a_report() -> None:
    pytest_here = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__]
    run = subprocess.run([*pytest_here, "-o", "python_functions=hangs_*"], capture_output=True, text=True, timeout=60)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Timeout (>3s) in an exploration by racekit." in run.stdout
    assert "postman waits in acquire for Mailbox.lock, held by recipient" in run.stdout


class SafeMailbox(Mailbox):
    """Waits for mail without the lock."""

    def fetch(self) -> bytes:
        return os.read(self.reader, 1)


def test_waiting_without_the_lock_always_ends() -> None:
    def deliver() -> bytes:
        mailbox = SafeMailbox()

        def recipient() -> bytes:
            return mailbox.fetch()

        def postman() -> None:
            mailbox.bring(b"!")

        return bytes(racekit.together(recipient, postman)[0])

    found = racekit.assert_race_free(deliver)
    assert set(found.outcomes) == {b"!"}
