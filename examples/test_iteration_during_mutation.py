"""One thread goes through the sessions while another one logs in: the dictionary changes its size under way.

`racekit.assert_race_free(broken)` says:

    RuntimeError: dictionary changed size during iteration
    Changed during iteration: newcomer changed Sessions.users['cleo'] while onlooker
      was going through Sessions.users
    RuntimeError in MainThread: dictionary changed size during iteration
      at test_iteration_during_mutation.py:42  for name in self.users:

        newcomer                  onlooker                 test_iteration_during_...
                                  begins to iterate users  42  for name in self.u...
                                ~ preempted here
        reads users: {'ann':...                            38  self.users[name] =...
      > writes users['cleo']: 3                            38
      ~ ended
                                > iterates on users        42  for name in self.u...
      (6 other events not shown)

    1 preemption; no schedule with fewer fails so. Found in execution 4, with 2
    preemptions.
    Can happen on every CPython, with a GIL and without.

      replay:  racekit.replay(body, 'rk1:0@61s.join>2,2@42r*2>1')
      pin:     @racekit.race(replay='rk1:0@61s.join>2,2@42r*2>1')
      fix:     Go through a copy made by list(...), or hold the lock that those who
               change it hold.
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
