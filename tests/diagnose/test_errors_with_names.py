"""Failures that an error gives away: changes during an iteration, use after close, exceptions in threads."""

from __future__ import annotations

import io
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from bodies import Store, diagnosis_of
from threads import run


def test_a_dict_that_grows_under_a_loop() -> None:
    def body() -> None:
        users = {"ann": 1}

        def look() -> None:
            for name in users:
                name.title()

        def log_in() -> None:
            users["ben"] = 2

        run(onlooker=look, newcomer=log_in)

    found = diagnosis_of(body)
    assert found.pattern == "changed during iteration"
    assert found.sentence == (
        "Changed during iteration: newcomer changed users['ben'] while onlooker was going through users"
    )


def test_a_deque_that_shrinks_under_a_loop() -> None:
    def body() -> None:
        jobs = deque([1, 2])

        def look() -> None:
            for job in jobs:
                str(job)

        run(onlooker=look, worker=lambda: jobs.popleft())

    assert diagnosis_of(body).pattern == "changed during iteration"


def test_not_if_the_loop_itself_changes_it() -> None:
    def body() -> None:
        users = {"ann": 1}
        log: list[str] = []

        def look() -> None:
            for name in users:
                users[name + "'s friend"] = 1

        run(onlooker=look, other=lambda: log.append(str(len(users))))

    found = diagnosis_of(body)
    assert found.pattern == "exception in a thread"
    assert found.sentence.startswith("RuntimeError in onlooker: dictionary changed size during iteration")


class Connection:
    def __init__(self) -> None:
        self.open = True
        self.lock = threading.Lock()

    def close(self) -> None:
        with self.lock:
            self.open = False

    def send(self) -> None:
        with self.lock:
            if not self.open:
                raise ValueError("the connection is closed")


def test_a_connection_that_another_thread_closes() -> None:
    def body() -> None:
        connection = Connection()
        run(sender=connection.send, closer=connection.close)

    found = diagnosis_of(body)
    assert found.pattern == "use after close"
    assert found.sentence == "Use after close: sender used Connection after closer had closed it"


def test_a_pool_that_is_shut_down_before_the_last_task() -> None:
    def body() -> None:
        pool = ThreadPoolExecutor(1)
        run(submitter=lambda: pool.submit(int), closer=lambda: pool.shutdown())

    found = diagnosis_of(body)
    assert found.pattern == "use after close"
    assert found.sentence == "Use after close: submitter used pool after closer had closed it"


def test_a_stream_whose_method_that_closes_is_written_in_c() -> None:
    stop = _start_and_close

    found = diagnosis_of(stop)
    assert found.sentence == "Use after close: writer used stream after closer had closed it"


def _start_and_close() -> None:
    """Its own name, that of a function that closes, is in the stack of whoever starts the threads, too."""
    stream = io.StringIO()
    run(writer=lambda: stream.write("x"), closer=lambda: stream.close())


def test_not_if_a_thread_closes_it_itself() -> None:
    def body() -> None:
        connection = Connection()

        def use() -> None:
            connection.close()
            connection.send()

        run(user=use, other=lambda: connection.lock.locked())

    assert diagnosis_of(body).pattern == "exception in a thread"


def test_not_if_the_error_is_another() -> None:
    def body() -> None:
        connection = Connection()

        def fail() -> None:
            connection.send()
            raise KeyError("name")

        run(failing=fail, closer=connection.close)

    assert diagnosis_of(body, preemptions=0).pattern == "exception in a thread"


def test_an_exception_in_a_thread_is_named_with_it() -> None:
    def body() -> None:
        def fail() -> None:
            raise ValueError("no luck")

        run(worker=fail)

    found = diagnosis_of(body)
    assert (found.pattern, found.sentence) == ("exception in a thread", "ValueError in worker: no luck")


def test_an_exception_that_the_body_itself_raises_is_none_of_a_thread() -> None:
    def body() -> None:
        run(worker=int)
        raise ValueError("no luck")

    found = diagnosis_of(body)
    assert (found.pattern, found.sentence) == ("", "ValueError in MainThread: no luck")


def test_where_no_pattern_fits_it_says_what_differs_from_a_passing_execution() -> None:
    def body() -> None:
        order: list[str] = []
        run(First=lambda: order.append("First"), Second=lambda: order.append("Second"))
        assert order[-1] == "Second"

    found = diagnosis_of(body)
    assert found.pattern == ""
    assert "; it passes if First writes order (test_errors_with_names.py:" in found.sentence
    assert ") before Second writes it (test_errors_with_names.py:" in found.sentence


def test_what_fails_in_any_case_has_nothing_to_differ_from() -> None:
    def body() -> None:
        store = Store()
        run(worker=lambda: setattr(store, "value", 1))
        assert store.value == 2, "always"

    assert "it passes" not in diagnosis_of(body).sentence


@pytest.mark.parametrize("message", ["", "one\ntwo"])
def test_only_the_first_line_of_a_message_is_in_the_sentence(message: str) -> None:
    def body() -> None:
        raise ValueError(message)

    first = message.partition("\n")[0]
    assert diagnosis_of(body).sentence == ("ValueError in MainThread" + (f": {first}" if first else ""))
