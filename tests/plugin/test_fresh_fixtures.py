"""Each execution gets what belongs to one test made anew, and shares what is wider."""

from __future__ import annotations

import pytest
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


def test_parametrized_autouse_and_used_fixtures_and_xunit_functions_are_made_anew_too(project: Project) -> None:
    result = project.run(
        """
alive = []

def setup_function():
    alive.append("setup_function")

def teardown_function():
    alive.remove("setup_function")

@pytest.fixture(autouse=True)
def automatic():
    alive.append("automatic")
    yield
    alive.remove("automatic")

@pytest.fixture
def used():
    alive.append("used")
    yield
    alive.remove("used")

@pytest.fixture(params=["one", "two"])
def either(request):
    alive.append(request.param)
    request.addfinalizer(lambda: alive.remove(request.param))

@racekit.race
@pytest.mark.usefixtures("used", "either")
def test_it(request):
    request.getfixturevalue("automatic")
    assert len(alive) == 4
    twice(LockedCounter().increment)

def test_after(): assert alive == ["setup_function", "automatic"]
"""
    )
    result.assert_outcomes(passed=3)
    assert told(result)["test_it[two]"]["race_executions"] > 1


def test_fixtures_of_a_class_are_shared_by_its_executions(project: Project) -> None:
    result = project.run(
        """
import unittest

class TestPlain:
    @classmethod
    def setup_class(cls): cls.made = getattr(cls, "made", 0) + 1

    @racekit.race
    def test_it(self):
        assert self.made == 1
        twice(LockedCounter().increment)

class TestCase(unittest.TestCase):
    made = 0

    @classmethod
    def setUpClass(cls): cls.made += 1

    @racekit.race
    def test_it(self):
        self.assertEqual(self.made, 1)
        twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(passed=2)
    assert told(result)["TestCase::test_it"]["race_executions"] > 1


def test_a_wider_fixture_is_set_up_outside_of_control(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture(scope="session")
def served():
    orders, done = threading.Semaphore(0), threading.Event()
    def serve():
        orders.acquire()
        done.set()
    thread = threading.Thread(target=serve)
    thread.start()
    yield
    orders.release()
    thread.join()
    assert done.is_set()

@racekit.race
def test_it(served): twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(passed=1)


def test_a_wider_fixture_that_the_body_asks_for_is_set_up_outside_of_control_too(project: Project) -> None:
    result = project.run(
        """
served = []

@pytest.fixture(scope="session")
def server():
    orders = threading.Semaphore(0)
    def serve():
        orders.acquire()
        served.append(1)
    thread = threading.Thread(target=serve)
    thread.start()
    yield thread
    orders.release()
    thread.join()
    assert served == [1]

@pytest.fixture
def lazy(request):
    return request.getfixturevalue("server")

@pytest.fixture(scope="module")
def overridden():
    return []

@racekit.race
def test_fixture(lazy):
    assert lazy.is_alive()
    twice(LockedCounter().increment)

@racekit.race
def test_body(request):
    assert request.getfixturevalue("server").is_alive()
    twice(LockedCounter().increment)

class TestOverride:
    @pytest.fixture
    def overridden(self, overridden):
        overridden.append(1)
        yield overridden
        overridden.pop()

    @racekit.race
    def test_override(self, overridden):
        assert overridden == [1]
        twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(passed=3)
    assert {tells["race_result"] for tells in told(result).values()} == {"proved"}


def test_an_error_in_a_wider_fixture_that_the_body_asks_for_fails_the_test(project: Project) -> None:
    result = project.run(
        """
@pytest.fixture(scope="session")
def broken():
    raise RuntimeError("no server")

@racekit.race
def test_it(request): request.getfixturevalue("broken")
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *RuntimeError: no server"])


def test_a_fixture_whose_teardown_needs_the_body_is_never_torn_down_without_it(project: Project) -> None:
    result = project.run(
        """
import queue

@pytest.fixture
def orders():
    orders = queue.Queue()
    thread = threading.Thread(target=orders.get)
    thread.start()
    yield orders
    thread.join()

def test_it(orders): orders.put("stop")

@racekit.race
def test_marked(orders): orders.put("stop")
""",
        "--race",
    )
    result.assert_outcomes(passed=2)
    assert told(result)["test_it"]["race_result"] == told(result)["test_marked"]["race_result"] == "proved"


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


@pytest.mark.parametrize("request_it", ["tmp_path", "request.getfixturevalue('tmp_path')"])
def test_the_first_test_of_a_session_that_uses_tmp_path_is_proved(project: Project, request_it: str) -> None:
    result = project.run(
        f"""
@racekit.race
def test_it({request_it.partition(".")[0]}):
    {request_it}.joinpath("made").touch()
    twice(LockedCounter().increment)
"""
    )
    assert told(result)["test_it"]["race_result"] == "proved"


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
