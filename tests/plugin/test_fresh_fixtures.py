"""Each execution gets what belongs to one test made anew, and shares what is wider."""

from __future__ import annotations

from small_project import Project, told


def test_function_scoped_fixtures_are_made_for_each_execution_and_wider_ones_once(project: Project) -> None:
    result = project.run(
        """
made = {"function": 0, "module": 0}

@pytest.fixture(scope="module")
def wide():
    made["module"] += 1

@pytest.fixture
def counter(wide):
    made["function"] += 1
    yield LockedCounter()
    made["function"] -= 1

@racekit.race
def test_it(counter):
    assert counter.value == 0 and made == {"function": 1, "module": 1}
    twice(counter.increment)

def test_after():
    assert made == {"function": 0, "module": 1}
"""
    )
    result.assert_outcomes(passed=2)
    assert told(result)["test_it"]["race_executions"] > 1


def test_the_builtin_fixtures_are_fresh(project: Project) -> None:
    result = project.run(
        """
import logging, os

@pytest.fixture
def talkative():
    logging.warning("set up")

@racekit.race
def test_it(talkative, tmp_path, monkeypatch, caplog, capsys, recwarn, record_property):
    assert list(tmp_path.iterdir()) == []
    assert "RACE" not in os.environ
    (tmp_path / "file").touch()
    monkeypatch.setenv("RACE", "1")
    logging.warning("in the body")
    assert caplog.messages == ["in the body"]
    print("printed")
    assert capsys.readouterr().out == "printed\\n"
    assert len(recwarn) == 0
    record_property("kept", "once")
    twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_executions"] > 1


def test_only_the_tmp_path_of_the_last_execution_is_kept(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it(tmp_path):
    twice(LockedCounter().increment)

def test_after(tmp_path_factory):
    assert len(list(tmp_path_factory.getbasetemp().glob("test_it*"))) == 2  # and the link to it
"""
    )
    result.assert_outcomes(passed=2)


def test_a_tmp_path_of_the_users_own_is_left_alone(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def tmp_path(tmp_path_factory):
    return tmp_path_factory.getbasetemp()

@racekit.race
def test_it(tmp_path):
    tmp_path.joinpath("kept").touch()
    twice(LockedCounter().increment)

def test_after(tmp_path):
    assert tmp_path.joinpath("kept").exists()
"""
    )
    result.assert_outcomes(passed=2)


def test_a_thread_of_a_fixture_is_explored_with_the_test(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def busy_counter():
    counter = Counter()
    thread = threading.Thread(target=counter.increment)
    thread.start()
    yield counter, thread
    thread.join()

@racekit.race
def test_it(busy_counter):
    counter, thread = busy_counter
    counter.increment()
    thread.join()
    assert counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


def test_a_thread_that_a_fixture_ends_in_its_teardown_is_no_hindrance(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture
def stop():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield stop
    stop.set()
    thread.join()

@racekit.race
def test_it(stop):
    assert not stop.is_set()
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved"


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


def test_a_deadlock_in_a_fixture_s_set_up_is_reported_and_leaves_nothing_behind(project: Project) -> None:
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


def test_a_deadlock_in_a_fixture_s_teardown_is_reported_and_the_others_are_torn_down(project: Project) -> None:
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
