"""When a failure is called check-then-act."""

from __future__ import annotations

from bodies import Store, diagnosis_of
from threads import run


def test_a_name_that_was_free() -> None:
    def body() -> None:
        owners: dict[str, str] = {}
        told: list[str] = []

        def claim(who: str) -> None:
            if "admin" not in owners:
                owners["admin"] = who
            told.append(owners["admin"])

        run(ann=lambda: claim("ann"), ben=lambda: claim("ben"))
        assert told[0] == told[1]

    found = diagnosis_of(body)
    assert found.pattern == "check-then-act"
    assert found.sentence == (
        "Check-then-act on owners['admin']: ben changed it between ann's check (nothing) and write"
    )
    assert "setdefault()" in found.hint


def test_an_account_that_two_overdraw() -> None:
    def body() -> None:
        account = Store(100)

        def withdraw() -> None:
            if account.value >= 80:
                account.value -= 80

        run(Ann=withdraw, Ben=withdraw)
        assert account.value >= 0

    found = diagnosis_of(body)
    assert found.pattern == "check-then-act"
    assert found.sentence == ("Check-then-act on Store.value: Ben changed it between Ann's check (100) and write")


def test_the_last_item_of_a_list_that_both_take() -> None:
    def body() -> None:
        free = ["only"]

        def take() -> None:
            if free:
                free.pop()

        run(First=take, Second=take)

    found = diagnosis_of(body)
    assert found.pattern == "check-then-act"
    assert found.sentence == "Check-then-act on free: Second changed it between First's check (['only']) and write"


def test_what_is_checked_and_then_used() -> None:
    class Connection:
        def send(self) -> None:
            pass

    def body() -> None:
        client = Store(Connection())

        def send() -> None:
            if client.value is not None:
                client.value.send()

        def drop() -> None:
            client.value = None

        run(sender=send, dropper=drop)

    found = diagnosis_of(body)
    assert found.sentence == (
        "Check-then-act on Store.value: dropper changed it between sender's check (<Connection>) and use"
    )


def test_not_if_it_is_checked_again() -> None:
    def body() -> None:
        account = Store(100)

        def withdraw() -> None:
            if account.value >= 80:
                with account.lock:
                    if account.value >= 80:
                        account.value -= 80

        run(Ann=withdraw, Ben=withdraw)
        raise ValueError("in any case")

    assert diagnosis_of(body).pattern == ""


def test_not_if_nothing_is_checked() -> None:
    def body() -> None:
        account = Store(100)

        def withdraw() -> None:
            account.value -= 80

        run(Ann=withdraw, Ben=withdraw)
        assert account.value == -60

    assert diagnosis_of(body).pattern == "lost update"
