"""Fixtures around failures, deadlocks and errors of their own: torn down all the same, and told apart."""

from __future__ import annotations

from small_project import Project


def test_fixtures_are_torn_down_after_a_failure(project: Project) -> None:
    result = project.run(
        """
alive = []

@pytest.fixture
def thing():
    alive.append(1)
    yield
    alive.pop()

@racekit.race
def test_it(thing):
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2

def test_after():
    assert alive == []
"""
    )
    result.assert_outcomes(passed=1, failed=1)


def test_fixtures_are_torn_down_after_a_deadlock(project: Project) -> None:
    result = project.run(
        """
alive = []

@pytest.fixture
def outer():
    alive.append("outer")
    yield
    alive.remove("outer")

@pytest.fixture
def inner(outer, monkeypatch):
    monkeypatch.setattr(Counter, "patched", True, raising=False)
    alive.append("inner")
    yield
    alive.remove("inner")

@racekit.race
def test_it(inner):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

def test_after():
    assert alive == [] and not hasattr(Counter, "patched")
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*eadlock*"])


def test_a_deadlock_in_the_set_up_of_a_fixture_is_reported_and_leaves_nothing_behind(project: Project) -> None:
    result = project.run(
        """
finished = []

@pytest.fixture
def stuck(request):
    request.addfinalizer(lambda: finished.append(1))
    threading.Event().wait()

@racekit.race
@pytest.mark.parametrize("again", range(2))
def test_it(stuck, again): ...

def test_after():
    assert finished
"""
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*eadlock*"])


def test_a_deadlock_in_the_teardown_of_a_fixture_is_reported_and_the_others_are_torn_down(project: Project) -> None:
    result = project.run(
        """
alive = []
used = []

@pytest.fixture
def outer():
    alive.append(1)
    yield
    alive.pop()

@pytest.fixture
def stuck(outer):
    yield
    if used:
        threading.Event().wait()

@racekit.race
def test_it(stuck):
    used.append(1)

def test_after():
    assert alive == []
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*eadlock*"])


def test_a_failure_is_told_before_the_deadlock_of_the_teardown_that_it_causes(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def worker():
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    yield go
    thread.join()

@racekit.race
def test_it(worker):
    assert worker.is_set(), "nobody is ready"
    worker.set()

@racekit.race
def test_after(worker):
    worker.set()
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: nobody is ready*"])


def test_an_error_in_a_teardown_fails_the_test(project: Project) -> None:
    result = project.run(
        """
used = []

@pytest.fixture
def fragile():
    yield
    assert not used, "broken while in use"

@racekit.race
def test_it(fragile):
    used.append(1)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: broken while in use*"])


def test_an_error_in_a_teardown_after_a_failure_is_told_too(project: Project) -> None:
    result = project.run(
        """
used = []

@pytest.fixture
def fragile():
    yield
    assert not used, "broken while in use"

@racekit.race
def test_it(fragile):
    used.append(1)
    assert False, "the failure itself"
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: the failure itself*", "E *broken while in use*"])


def test_an_error_in_the_set_up_phase_stays_an_error(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def broken():
    raise RuntimeError("no server")

@racekit.race
def test_it(broken): ...
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*"])


def test_an_error_in_a_later_set_up_fails_the_test(project: Project) -> None:
    result = project.run(
        """
used = []

@pytest.fixture
def once():
    assert not used, "used up"

@racekit.race
def test_it(once):
    used.append(1)
    twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: used up*"])
