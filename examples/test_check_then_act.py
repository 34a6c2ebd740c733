"""A name is free, so it is taken; but between looking and taking, somebody else has taken it too.

`racekit.assert_race_free(broken)` says:

    Check-then-act on Names.owners['admin']: bob changed it between alice's check
      (nothing) and write

        alice            bob            test_check_then_act.py
      > reads nothing                   37  if name not in self.owners:
      ~ preempted here
                         reads nothing  37
                       > writes 'bob'   38  self.owners[name] = owner
                         reads 'bob'    39  return self.owners[name]
                       ~ ended
      > writes 'alice'                  38  self.owners[name] = owner
        reads 'alice'                   39  return self.owners[name]
      (3 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 3.

      replay:  racekit.replay(body, 'rk1:1@38w>2')
      pin:     @racekit.race(replay='rk1:1@38w>2')
      fix:     Check and act in one step, such as setdefault() or pop(key, default),
               or under one lock.
"""

import racekit


class Names:
    """Who has which name; `claim` returns who has it in the end."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}

    def claim(self, name: str, owner: str) -> str:
        if name not in self.owners:
            self.owners[name] = owner
        return self.owners[name]


class AtomicNames(Names):
    def claim(self, name: str, owner: str) -> str:
        return self.owners.setdefault(name, owner)


def claim_twice(names: Names) -> bool:
    """Whether both claims were told the same owner."""

    def alice() -> str:
        return names.claim("admin", "alice")

    def bob() -> str:
        return names.claim("admin", "bob")

    first, second = racekit.together(alice, bob)
    return bool(first == second)


def broken() -> bool:
    return claim_twice(Names())


def fixed() -> bool:
    return claim_twice(AtomicNames())


def test_both_can_be_told_that_the_name_is_theirs() -> None:
    racekit.assert_outcomes(broken, {True, False})


def test_setdefault_looks_and_takes_at_once() -> None:
    assert racekit.assert_race_free(fixed).proved
