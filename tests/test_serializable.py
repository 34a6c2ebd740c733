"""Functions side by side come to what they come to one after the other, or the assertion says what came out instead."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

import racekit
from racekit import BadArgument, assert_serializable


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.lock = threading.Lock()


def deposit(account: Account) -> None:
    account.balance += 10


def double(account: Account) -> None:
    account.balance *= 2


def locked_deposit(account: Account) -> None:
    with account.lock:
        account.balance += 10


def locked_double(account: Account) -> None:
    with account.lock:
        account.balance *= 2


def balance(account: Account) -> int:
    return account.balance


def refused(*functions: Any, setup: Any = Account, view: Any = balance, **options: Any) -> str:
    """The report, with its sentence, the first paragraph, in one line."""
    with pytest.raises(racekit.RaceFailure) as raised:
        assert_serializable(setup, *functions, view=view, **options)
    sentence, _, rest = str(raised.value).partition("\n\n")
    return f"{' '.join(sentence.split())}\n{rest}"


def test_a_lost_update_needs_no_expected_value() -> None:
    assert refused(deposit, deposit).splitlines()[0] == (
        "Not serializable: no order of these 2 calls gives 10; the nearest is "
        "deposit() in thread 2, deposit() in thread 1, which would leave 20."
    )


def test_every_order_is_a_right_answer() -> None:
    found = assert_serializable(Account, locked_deposit, locked_double, view=balance)
    assert found.proved


def test_a_view_that_only_an_interleaving_gives_is_none() -> None:
    assert "Not serializable" in refused(deposit, double)


def test_three_functions() -> None:
    assert assert_serializable(Account, locked_deposit, locked_double, locked_deposit, view=balance).proved
    assert "of these 3 calls" in refused(locked_deposit, double, locked_deposit)


def test_only_the_view_counts() -> None:
    def first(account: Account) -> int:
        account.balance += 10
        return account.balance

    assert assert_serializable(Account, first, first, view=lambda account: account.balance > 0).proved


def test_an_exception_that_some_order_gives_is_an_answer() -> None:
    def withdraw(account: Account) -> None:
        with account.lock:
            if account.balance < 10:
                raise ValueError("too little")
            account.balance -= 10

    assert assert_serializable(Account, locked_deposit, withdraw, view=balance).proved


def test_an_exception_that_no_order_gives_is_a_failure() -> None:
    def push(items: list[int]) -> None:
        items.append(1)

    def pop(items: list[int]) -> None:
        if items:
            items.pop()

    assert "raised IndexError" in refused(pop, pop, setup=lambda: [0], view=len)
    assert assert_serializable(lambda: [0], push, pop, view=len).proved


def test_a_deadlock_that_no_order_has_is_a_failure() -> None:
    def there(locks: tuple[Any, Any]) -> None:
        with locks[0], locks[1]:
            pass

    def back(locks: tuple[Any, Any]) -> None:
        with locks[1], locks[0]:
            pass

    message = refused(there, back, setup=lambda: (threading.Lock(), threading.Lock()), view=lambda locks: None)
    assert "has there() in thread 1 and back() in thread 2 block for ever" in message


def test_a_mutable_view_is_kept_as_it_was() -> None:
    def put(items: dict[str, int]) -> None:
        items["a"] = items.get("a", 0) + 1

    message = refused(put, put, setup=dict, view=lambda items: items)
    assert "gives {'a': 1}; " in message
    assert "which would leave {'a': 2}" in message


def test_the_report_ends_with_a_schedule_of_the_lost_update() -> None:
    assert refused(deposit, deposit).splitlines()[-1].startswith("  pin:     assert_serializable(..., replay='rk1:1@")


def test_the_pinned_schedule_is_run_first_and_fails_at_once() -> None:
    made: list[Account] = []

    def setup() -> Account:
        made.append(Account())
        return made[-1]

    [token] = re.findall("replay='(.*)'", refused(deposit, deposit))
    report = refused(deposit, deposit, setup=setup, replay=token, executions=1)
    assert f"replay='{token}'" in report
    assert "Not serializable" in report
    assert len(made) < 10


def test_after_a_pinned_schedule_that_passes_comes_the_search() -> None:
    assert assert_serializable(Account, locked_deposit, locked_double, view=balance, replay="rk1:").proved
    assert "Not serializable" in refused(deposit, deposit, replay="rk1:")


def test_within_a_budget_nothing_is_proved() -> None:
    found = assert_serializable(Account, locked_deposit, locked_double, view=balance, executions=1)
    assert (found.proved, found.cut_by) == (False, "executions")


@pytest.mark.parametrize(
    ("functions", "message"), [((deposit,), "Fewer than two functions"), ((deposit, 7), "7, which cannot be called")]
)
def test_what_cannot_interleave_is_refused(functions: Any, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        assert_serializable(Account, *functions, view=balance)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(BadArgument, match="no option 'execution'"):
        assert_serializable(Account, deposit, deposit, view=balance, execution=3)
