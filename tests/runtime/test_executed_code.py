"""What `exec` and `eval` run is watched, and behaves as without racekit."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import racekit


class Box:
    def __init__(self) -> None:
        self.value = 0


def all_of(*functions: Callable[[Any], object], make: Callable[[], Any] = Box) -> set[object]:
    """What may become of a thing that several threads use, by all orders of dependent steps."""

    def body() -> str:
        shared = make()
        threads = [threading.Thread(target=function, args=(shared,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return f"{shared.value if isinstance(shared, Box) else shared['count']}"

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    return set(found.outcomes)


def once(function: Callable[[], object]) -> object:
    """What a function returns while it is explored."""
    (outcome,) = racekit.explore(lambda: repr(function()), executions=2).outcomes
    return outcome


COMPILED = compile("box.value = box.value + 1", "<compiled>", "exec")
ADDS: dict[str, Callable[[Any], object]] = {
    "exec of text": lambda box: exec("box.value = box.value + 1", {"box": box}),
    "exec of code": lambda box: exec(COMPILED, {"box": box}),
    "exec with variables of its own": lambda box: exec("n = box.value\nbox.value = n + 1", {}, {"box": box}),
    "exec where it stands": lambda box: exec("box.value += 1"),
    "eval": lambda box: setattr(box, "value", eval("box.value + 1", {"box": box})),
    "a function that it defines": lambda box: exec("def f():\n box.value += 1\nf()", {"box": box}),
    "a class that it defines": lambda box: exec("class C:\n box.value += 1", {"box": box}),
}


@pytest.mark.parametrize("how", ADDS)
def test_a_lost_update_is_found_in(how: str) -> None:
    assert all_of(ADDS[how], ADDS[how]) == {"1", "2"}


def test_the_names_in_a_namespace_are_shared_variables() -> None:
    def add(namespace: dict[str, Any]) -> None:
        exec("count = count + 1", namespace)

    def add_by_a_function(namespace: dict[str, Any]) -> None:
        exec("def add():\n global count\n count = count + 1", namespace)
        namespace["add"]()

    def add_as_an_item(namespace: dict[str, Any]) -> None:
        namespace["count"] = namespace["count"] + 1

    def make() -> dict[str, Any]:
        return {"count": 0}

    for other in (add, add_by_a_function, add_as_an_item):
        assert all_of(add, other, make=make) == {"1", "2"}


def test_exec_in_a_function_does_not_change_its_variables() -> None:
    def function() -> tuple[int, bool]:
        number = 1
        exec("number = 2; other = number")
        return number, "other" in globals()

    assert once(function) == repr(function())


def test_the_text_means_what_it_does_where_it_is_run() -> None:
    def function() -> object:
        namespace: dict[str, Any] = {}
        exec("def f(x: no_such_name): pass", namespace)  # as this file begins with `from __future__ import annotations`
        return namespace["f"].__annotations__, eval("  1 + 1"), eval(compile("2", "<two>", "eval"))

    assert once(function) == "({'x': 'no_such_name'}, 2, 2)"


def test_errors_are_those_of_exec_itself() -> None:
    def function() -> list[str]:
        errors = []
        for source, namespace in (("1 +", {}), (3, {}), ("1", 3), ("raise KeyError(1)", {})):
            try:
                exec(source, namespace)  # type: ignore[arg-type]
            except Exception as error:
                errors.append(f"{type(error).__name__} {error}")
        return errors

    assert once(function) == repr(function())


@pytest.mark.skipif(sys.version_info < (3, 13), reason="exec takes no named arguments before Python 3.13")
def test_the_namespaces_may_be_named() -> None:
    def function() -> object:
        namespace: dict[str, Any] = {}
        exec("n = 1", globals=namespace)
        return eval("n + m", globals=namespace, locals={"m": 2})

    assert once(function) == "3"
