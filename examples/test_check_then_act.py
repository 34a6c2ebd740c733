"""A name is free, so it is taken; but between looking and taking, somebody else has taken it too.

`racekit.assert_race_free(broken)` says:

    Lost update in execution 3:
      Names.owners['admin']: alice's write of 'alice' overwrote bob's write of 'bob'; both had read nothing (test_check_then_act.py:27)
        alice  reads Names.owners['admin']: nothing   test_check_then_act.py:26
        bob    reads Names.owners['admin']: nothing   test_check_then_act.py:26
        bob    writes Names.owners['admin']: 'bob'    test_check_then_act.py:27
        bob    reads Names.owners['admin']: 'bob'     test_check_then_act.py:28
        alice  writes Names.owners['admin']: 'alice'  test_check_then_act.py:27
      Replay it with this schedule:
        rk1:1@27w>2
"""  # noqa: E501

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
