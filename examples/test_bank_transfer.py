"""Each transfer locks the account that the money comes from, then the other one. In both directions at once, each
transfer waits for the lock that the other one holds.

`racekit.assert_race_free(broken)` says:

    Deadlock: there holds Account#1.lock and waits for Account#2.lock, back holds
      Account#2.lock and waits for Account#1.lock

                                              test_bank_transfer.py
      there       took Account#1.lock         43  with source.lock:
                  waits for Account#2.lock    44  with target.lock:
      back        took Account#2.lock         43  with source.lock:
                  waits for Account#1.lock    44  with target.lock:
      MainThread  waits for the end of there  65  racekit.together(there, back)

        there                  back                  test_bank_transfer.py
      > takes Account#1.lock                         43  with source.lock:
      ~ preempted here
                             > takes Account#2.lock  43
      (2 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 2.
    Can happen on every CPython, with a GIL and without.

      replay:  racekit.replay(body, 'rk1:1@44s.acquire>2')
      pin:     @racekit.race(replay='rk1:1@44s.acquire>2')
      fix:     Take the locks in the same order everywhere.
"""

import threading

import racekit


class Account:
    def __init__(self, number: int, balance: int) -> None:
        self.number = number
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source: Account, target: Account, amount: int) -> None:
    with source.lock:
        with target.lock:
            source.balance -= amount
            target.balance += amount


def transfer_in_order(source: Account, target: Account, amount: int) -> None:
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        source.balance -= amount
        target.balance += amount


def broken() -> tuple[int, int]:
    mine, yours = Account(1, 100), Account(2, 100)

    def there() -> None:
        transfer(mine, yours, 30)

    def back() -> None:
        transfer(yours, mine, 10)

    racekit.together(there, back)
    return mine.balance, yours.balance


def fixed() -> tuple[int, int]:
    mine, yours = Account(1, 100), Account(2, 100)

    def there() -> None:
        transfer_in_order(mine, yours, 30)

    def back() -> None:
        transfer_in_order(yours, mine, 10)

    racekit.together(there, back)
    return mine.balance, yours.balance


def test_two_transfers_can_block_each_other() -> None:
    racekit.assert_deadlock(broken, between=("there", "back"))


def test_locked_in_one_order_for_all_they_cannot() -> None:
    assert racekit.assert_race_free(fixed).proved
    racekit.assert_outcomes(fixed, {(80, 120)})
