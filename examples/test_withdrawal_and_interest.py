"""Nobody knows what the balance has to be, but one transfer after the other would leave something else.

`broken()` says:

    Not serializable: no order of these 2 calls gives 70; the nearest is
      add_interest() in thread 2, withdraw() in thread 1, which would leave 80.

      The calls, and when each began and ended, from left to right:
        thread 1    withdraw()      returned None  |--------|
        thread 2    add_interest()  returned None     |--|
        at the end                  is 70

        thread 1    thread 2    test_withdrawal_and_interest.py
        reads 100               37  account.balance -= 30
      ~ preempted here
                    reads 100   41  account.balance += account.balance // 10
                    reads 100   41
                    writes 110  41
                  ~ ended
        writes 70               37  account.balance -= 30

      pin:     assert_serializable(..., replay='rk1:1@37w.balance>2')
"""

import threading

import racekit


class Account:
    def __init__(self) -> None:
        self.balance = 100
        self.lock = threading.Lock()


def withdraw(account: Account) -> None:
    account.balance -= 30


def add_interest(account: Account) -> None:
    account.balance += account.balance // 10


def locked_withdraw(account: Account) -> None:
    with account.lock:
        withdraw(account)


def locked_add_interest(account: Account) -> None:
    with account.lock:
        add_interest(account)


def balance(account: Account) -> int:
    return account.balance


def broken() -> None:
    racekit.assert_serializable(Account, withdraw, add_interest, view=balance)


def test_a_withdrawal_or_the_interest_can_get_lost() -> None:
    with racekit.raises(racekit.Inconsistent):
        broken()


def test_with_a_lock_either_order_is_right() -> None:
    assert racekit.assert_serializable(Account, locked_withdraw, locked_add_interest, view=balance).proved
