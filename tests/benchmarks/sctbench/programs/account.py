"""A deposit and a withdrawal; the balance is asserted wrongly, which shows only if the check comes last."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Account:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.balance = 1
        self.deposited = False
        self.withdrawn = False


def account(check: Check = must_hold) -> None:
    shared = Account()

    def deposit() -> None:
        with shared.lock:
            shared.balance = shared.balance + 2
            shared.deposited = True

    def withdraw() -> None:
        with shared.lock:
            shared.balance = shared.balance - 4
            shared.withdrawn = True

    def check_result() -> None:
        with shared.lock:
            if shared.deposited and shared.withdrawn:
                check(shared.balance == (1 - 2) - 4)

    run(check_result, deposit, withdraw)
