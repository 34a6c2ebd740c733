"""Two locks, taken in opposite orders: a deadlock."""

from __future__ import annotations

import logging
import threading


class Account:
    """A balance that must only change while its lock is held."""

    def __init__(self, name: str, balance: int) -> None:
        self.name = name
        self.balance = balance
        self._lock = threading.Lock()

    def transfer(self, amount: int, to: Account) -> None:
        """Move money, holding both locks: first the lock of this account, then the other one's."""
        logging.info("%s transfer start!!!", self.name)
        with self._lock:
            logging.info("%s has Lock", self.name)
            with to._lock:
                self.balance -= amount
                to.balance += amount
        logging.info("%s transfer finish!!!", self.name)


class LockPair:
    """Two accounts, and money that crosses between them.

    The document calls a deadlock the endless wait of threads that cannot get what they need to go on. Here each thread
    holds the lock of one account and waits for the lock that the other one holds.
    """

    def __init__(self) -> None:
        self.first = Account("First", 100)
        self.second = Account("Second", 100)

    def cross(self) -> tuple[int, int]:
        """Transfer in both directions at once; return the two balances, if it ever comes to that."""
        there = threading.Thread(target=self.first.transfer, args=(30, self.second), name="There")
        back = threading.Thread(target=self.second.transfer, args=(10, self.first), name="Back")
        there.start()
        back.start()
        there.join()
        back.join()
        return self.first.balance, self.second.balance
