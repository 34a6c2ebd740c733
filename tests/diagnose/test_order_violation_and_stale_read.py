"""When a failure is called an order violation, and when a stale read."""

from __future__ import annotations

import threading

from bodies import Store, diagnosis_of
from threads import run


def test_a_result_that_is_read_before_it_is_there() -> None:
    def body() -> None:
        job = Store(None)

        def work() -> None:
            job.value = 42

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        assert job.value == 42

    found = diagnosis_of(body)
    assert found.pattern == "order violation"
    assert found.sentence == "Order violation on Store.value: MainThread read it (None) before worker had written 42"


def test_a_thing_in_place_before_it_is_filled() -> None:
    class Settings:
        def __init__(self) -> None:
            self.language = ""

    def body() -> None:
        application, seen = Store(None), []

        def load() -> None:
            application.value = Settings()
            application.value.language = "en"

        def look() -> None:
            settings = application.value
            if settings is not None:
                seen.append(settings.language)

        run(loader=load, looker=look)
        assert "" not in seen

    found = diagnosis_of(body)
    assert found.pattern == "order violation"
    assert found.sentence.startswith("Order violation on Settings.language: looker read it ('') before loader")


def test_no_order_violation_where_the_reader_waits() -> None:
    def body() -> None:
        job, done = Store(None), threading.Event()

        def work() -> None:
            job.value = 42
            done.set()

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        done.wait()
        assert job.value == 43

    assert diagnosis_of(body).pattern == ""


def test_a_stale_value_is_written_elsewhere() -> None:
    def body() -> None:
        source, copy = Store(1), Store(0)

        def copy_it() -> None:
            seen = source.value
            copy.value = seen

        def renew() -> None:
            source.value = 2
            copy.value = 2

        run(renewer=renew, copier=copy_it)
        assert copy.value == source.value

    found = diagnosis_of(body)
    assert found.pattern == "stale read"
    assert (
        found.sentence == "Stale read of Store#1.value: copier went on with what it had read (1) after renewer wrote 2"
    )


def test_no_stale_read_if_it_is_read_again() -> None:
    def body() -> None:
        source = Store(1)

        def look_twice() -> None:
            first = source.value
            second = source.value
            assert first == second

        def renew() -> None:
            source.value = 2

        run(looker=look_twice, renewer=renew)

    found = diagnosis_of(body)
    assert found.pattern == "atomicity violation"
    assert found.sentence == "Atomicity violation on Store.value: renewer wrote 2 between two reads of looker"
