"""Hypothesis finds the smallest account that two withdrawals overdraw, racekit the moment when they do.

`broken()` says:

    overdrawn by 1
    AssertionError in MainThread: overdrawn by 1
      at test_withdrawals.py:70 in broken   assert account.balance >= 0, f"overdrawn by {-account.balance}"
      What happened, in this order:
        MainThread  starts a thread              test_withdrawals.py:56 in withdraw_at_once
                    starts a thread              test_withdrawals.py:56 in withdraw_at_once
        withdraw-1  reads Account.balance: 1     test_withdrawals.py:41 in withdraw
        withdraw-2  reads Account.balance: 1     test_withdrawals.py:41 in withdraw
                    reads Account.balance: 1     test_withdrawals.py:42 in withdraw
                    writes Account.balance: 0    test_withdrawals.py:42 in withdraw
        withdraw-1  reads Account.balance: 0     test_withdrawals.py:42 in withdraw
                    writes Account.balance: -1   test_withdrawals.py:42 in withdraw
        MainThread  calls join                   test_withdrawals.py:56 in withdraw_at_once
      Seen in execution 3. Replay it with this schedule:
        rk1:1@42r.balance>2
    Failing test case: broken(
        balance=1,
        amounts=[1, 1],
    )
"""

import functools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import racekit


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance

    def withdraw(self, amount: int) -> None:
        if self.balance >= amount:
            self.balance -= amount


class LockedAccount(Account):
    def __init__(self, balance: int) -> None:
        super().__init__(balance)
        self.lock = threading.Lock()

    def withdraw(self, amount: int) -> None:
        with self.lock:
            super().withdraw(amount)


def withdraw_at_once(account: Account, amounts: list[int]) -> None:
    racekit.together(*[functools.partial(account.withdraw, amount) for amount in amounts])


balances = st.integers(0, 100)
at_once = st.lists(st.integers(1, 100), max_size=3)
settled = settings(derandomize=True, deadline=None, max_examples=30)


@settled
@given(balance=balances, amounts=at_once)
@racekit.race(executions=50)
def broken(balance: int, amounts: list[int]) -> None:
    account = Account(balance)
    withdraw_at_once(account, amounts)
    assert account.balance >= 0, f"overdrawn by {-account.balance}"


def test_an_account_can_be_overdrawn() -> None:
    with pytest.raises(AssertionError):
        broken()


@settled
@given(balance=balances, amounts=at_once)
@racekit.race(executions=50)
def test_with_a_lock_it_never_is(balance: int, amounts: list[int]) -> None:
    account = LockedAccount(balance)
    withdraw_at_once(account, amounts)
    assert account.balance >= 0
