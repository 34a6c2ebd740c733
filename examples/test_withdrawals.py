"""Hypothesis finds the smallest account that two withdrawals overdraw, racekit the moment when they do.

`broken()` says:

    overdrawn by 1
    Check-then-act on Account.balance: withdraw-2 changed it between withdraw-1's
      check (1) and write
    AssertionError in MainThread: overdrawn by 1
      at test_withdrawals.py:80  assert account.balance >= 0, f"overdrawn by {-ac...

        withdraw-1   withdraw-2  test_withdrawals.py
      > reads 1                  51  if self.balance >= amount:
      ~ preempted here
                     reads 1     51
                     reads 1     52  self.balance -= amount
                   > writes 0    52
                   ~ ended
        reads 0                  52
      > writes -1                52
      (3 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 3.
    Needs a free-threaded build: the switch falls inside line 52, before balance is
    read. With a GIL, threads switch only where a function begins, a loop turns or a
    call returns, and no such schedule fails so.

      replay:  racekit.replay(body, 'rk1:1@52r.balance>2')
      pin:     @racekit.race(replay='rk1:1@52r.balance>2')
      fix:     Hold one lock from the check to the act.
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
