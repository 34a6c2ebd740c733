"""Each transfer locks the account that the money comes from, then the other one. In both directions at once, each
transfer waits for the lock that the other one holds.

`racekit.assert_race_free(broken)` says:

    Deadlock: there waits for Account#2.lock, held by back; back waits for Account#1.lock, held by there.
      MainThread waits for the end of there, in join()
        at test_bank_transfer.py:61 in broken   racekit.together(there, back)
      there waits for Account#2.lock, in acquire()
        at test_bank_transfer.py:40 in transfer   with target.lock:
        which back holds since
           test_bank_transfer.py:39 in transfer   with source.lock:
      back waits for Account#1.lock, in acquire()
        at test_bank_transfer.py:40 in transfer   with target.lock:
        which there holds since
           test_bank_transfer.py:39 in transfer   with source.lock:
      What happened, in this order:
        MainThread  starts a thread              test_bank_transfer.py:61 in broken
                    starts a thread              test_bank_transfer.py:61 in broken
        there       acquires                     test_bank_transfer.py:39 in transfer
        back        acquires                     test_bank_transfer.py:39 in transfer
      Seen in execution 2. Replay it with this schedule:
        rk1:1@40s.acquire>2
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
