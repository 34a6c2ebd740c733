"""When a failure is called an atomicity violation."""

from __future__ import annotations

from bodies import Store, diagnosis_of
from threads import run


def test_a_value_that_was_only_meant_for_a_moment() -> None:
    def body() -> None:
        store, seen = Store(0), []

        def transfer() -> None:
            store.value = -1
            store.value = 1

        run(writer=transfer, reader=lambda: seen.append(store.value))
        assert -1 not in seen

    found = diagnosis_of(body)
    assert found.pattern in ("atomicity violation", "order violation")
    assert "reader" in found.sentence and "-1" in found.sentence


def test_what_one_wrote_itself_is_gone() -> None:
    def body() -> None:
        current = Store("")

        def serve(user: str) -> None:
            current.value = user
            assert current.value == user

        run(First=lambda: serve("ann"), Second=lambda: serve("ben"))

    found = diagnosis_of(body)
    assert found.pattern == "atomicity violation"
    assert "wrote 'ben' before First read what it had written itself" in found.sentence


def test_not_where_each_has_its_own() -> None:
    def body() -> None:
        def serve(user: str) -> None:
            current = Store("")
            current.value = user
            assert current.value == user

        run(First=lambda: serve("ann"), Second=lambda: serve("ben"))
        raise ValueError("in any case")

    assert diagnosis_of(body).pattern == ""
