"""When a failure is called a lost update."""

from __future__ import annotations

from pathlib import Path

from bodies import Store, diagnosis_of, failure_of
from threads import run


def test_two_increments_of_one_attribute() -> None:
    def body() -> None:
        store = Store()

        def add() -> None:
            store.value = store.value + 1

        run(First=add, Second=add)
        assert store.value == 2

    found = diagnosis_of(body)
    assert found.pattern == "lost update"
    assert found.sentence == "Lost update on Store.value: First overwrote Second's write (both had read 0)"


def test_the_events_that_show_it_are_the_read_and_the_two_writes() -> None:
    def body() -> None:
        store = Store()

        def add() -> None:
            store.value += 1

        run(First=add, Second=add)
        assert store.value == 2

    failure = failure_of(body)
    shown = [failure.trace.events[index] for index in failure.diagnosis.events]
    assert [(event.thread, event.operation) for event in shown] == [(1, "read"), (2, "write"), (1, "write")]


def test_a_read_before_a_single_write() -> None:
    def body() -> None:
        store = Store()

        def add() -> None:
            value = store.value
            store.value = value + 1

        def set_to_ten() -> None:
            store.value = 10

        run(adder=add, setter=set_to_ten)
        assert store.value in (10, 11)

    assert diagnosis_of(body).sentence == (
        "Lost update on Store.value: adder overwrote setter's write (10) (adder had read 0)"
    )


def test_between_two_critical_sections_of_one_lock() -> None:
    def body() -> None:
        store = Store()

        def add() -> None:
            with store.lock:
                value = store.value
            with store.lock:
                store.value = value + 1

        run(First=add, Second=add)
        assert store.value == 2

    assert diagnosis_of(body).pattern == "lost update"


def test_a_counter_in_a_dict() -> None:
    def body() -> None:
        hits: dict[str, int] = {}

        def visit() -> None:
            hits["home"] = hits.get("home", 0) + 1

        run(First=visit, Second=visit)
        assert hits["home"] == 2

    assert diagnosis_of(body).sentence == (
        "Lost update on hits['home']: First overwrote Second's write (both had read nothing)"
    )


def test_a_file_that_both_rewrite(tmp_path: Path) -> None:
    file = tmp_path / "downloads"

    def count() -> None:
        downloads = int(file.read_text())
        file.write_text(str(downloads + 1))

    def body() -> None:
        file.write_text("0")
        run(First=count, Second=count)
        assert file.read_text() == "2"

    found = diagnosis_of(body)
    assert found.sentence == ("Lost update on file downloads: First overwrote Second's write (both had read before)")


def test_not_a_file_to_which_both_append(tmp_path: Path) -> None:
    file = tmp_path / "log"

    def note(name: str) -> None:
        with open(file) as log:
            log.read()
        with open(file, "a") as log:
            log.write(name)

    def body() -> None:
        file.write_text("")
        run(First=lambda: note("1"), Second=lambda: note("2"))
        assert file.read_text() == "12"

    assert diagnosis_of(body).pattern != "lost update"


def test_not_where_it_happens_in_passing_executions_too() -> None:
    """The last one to come in is not counted, but that is not why the test fails."""

    def body() -> None:
        store, order = Store(), []

        def add(name: str) -> None:
            store.value = store.value + 1
            order.append(name)

        run(First=lambda: add("First"), Second=lambda: add("Second"))
        assert order == ["First", "Second"]

    assert diagnosis_of(body, preemptions=0).pattern != "lost update"


def test_not_where_each_addition_is_alone() -> None:
    def body() -> None:
        store = Store()

        def add() -> None:
            with store.lock:
                store.value += 1

        run(First=add, Second=add)
        raise ValueError("in any case")

    found = diagnosis_of(body)
    assert found.pattern == ""
    assert found.sentence == "ValueError in MainThread: in any case"
