"""One thread goes through the sessions while another one logs in: the dictionary changes its size under way.

`racekit.assert_race_free(broken)` says:

    RuntimeError: dictionary changed size during iteration
    RuntimeError in MainThread: dictionary changed size during iteration
      at test_iteration_during_mutation.py:31 in names   for name in self.users:
      What happened, in this order:
        MainThread  starts a thread              test_iteration_during_mutation.py:50 in look_while_somebody_comes
                    starts a thread              test_iteration_during_mutation.py:50 in look_while_somebody_comes
        onlooker    reads Sessions.users: {'ann': 1, 'ben': 2} test_iteration_during_mutation.py:31 in names
        newcomer    writes Sessions.users['cleo']: 3 test_iteration_during_mutation.py:27 in log_in
        onlooker    reads Sessions.users: {'ann': 1, 'ben': 2, 'cleo': 3} test_iteration_during_mutation.py:31 in names
        MainThread  calls join                   test_iteration_during_mutation.py:50 in look_while_somebody_comes
      Seen in execution 4. Replay it with this schedule:
        rk1:0@50s.join>2,2@31r*2>1
"""

import racekit


class Sessions:
    def __init__(self) -> None:
        self.users = {"ann": 1, "ben": 2}

    def log_in(self, name: str) -> None:
        self.users[name] = len(self.users) + 1

    def names(self) -> list[str]:
        names = []
        for name in self.users:
            names.append(name.title())
        return names


class CopyingSessions(Sessions):
    """Goes through a copy, which is made in one step."""

    def names(self) -> list[str]:
        return [name.title() for name in list(self.users)]


def look_while_somebody_comes(sessions: Sessions) -> list[str]:
    def newcomer() -> None:
        sessions.log_in("cleo")

    def onlooker() -> list[str]:
        return sessions.names()[:2]

    return list(racekit.together(newcomer, onlooker)[1])


def broken() -> list[str]:
    return look_while_somebody_comes(Sessions())


def fixed() -> list[str]:
    return look_while_somebody_comes(CopyingSessions())


def test_the_dictionary_can_change_under_the_loop() -> None:
    with racekit.raises(RuntimeError):
        racekit.explore(broken).check()


def test_a_copy_does_not_change() -> None:
    assert racekit.assert_race_free(fixed).proved
