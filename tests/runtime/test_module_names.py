"""Replacing functions in every module, also where installed modules are not looked at as a whole each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from racekit.runtime.module_names import NameReplacement


class Waiting:
    """Not names of this module, since those would be replaced, too."""

    @staticmethod
    def real() -> str:
        return "real"

    @staticmethod
    def other() -> str:
        return "other"


@pytest.fixture
def modules() -> Iterator[Callable[..., Any]]:
    added: list[str] = []

    def add(name: str, filename: str | None, **names: Any) -> Any:
        module = ModuleType(name)
        if filename is not None:
            module.__file__ = filename
        vars(module).update(names)
        sys.modules[name] = module
        added.append(name)
        return module

    yield add
    for name in added:
        del sys.modules[name]


INSTALLED = "/usr/lib/python3/site-packages/installed.py"


@pytest.mark.parametrize("filename", ["/project/own.py", INSTALLED, None])
def test_a_name_is_replaced_and_given_back_time_and_again(modules: Callable[..., Any], filename: str | None) -> None:
    module, names = modules("thing", filename, wait=Waiting.real), NameReplacement({Waiting.real: Waiting.other})
    for _ in range(3):
        names.install()
        assert module.wait() == "other"
        names.remove()
        assert module.wait() == "real"


@pytest.mark.parametrize("filename", ["/project/own.py", INSTALLED])
def test_a_name_that_is_new_in_a_module_is_replaced(modules: Callable[..., Any], filename: str) -> None:
    module, names = modules("thing", filename), NameReplacement({Waiting.real: Waiting.other})
    names.install()
    names.remove()
    module.wait = Waiting.real
    names.install()
    assert module.wait() == "other"
    names.remove()
    assert module.wait() == "real"


def test_a_module_that_is_new_is_looked_at(modules: Callable[..., Any]) -> None:
    names = NameReplacement({Waiting.real: Waiting.other})
    names.install()
    names.remove()
    module = modules("thing", INSTALLED, wait=Waiting.real)
    names.install()
    assert module.wait() == "other"
    names.remove()
    assert module.wait() == "real"


def test_a_module_that_came_meanwhile_and_took_the_replacement_gets_the_real_thing(modules: Callable[..., Any]) -> None:
    names = NameReplacement({Waiting.real: Waiting.other})
    names.install()
    module = modules("thing", INSTALLED, wait=Waiting.other)
    names.remove()
    assert module.wait() == "real"


def test_a_name_that_had_another_value_for_a_time_is_replaced_under_the_name_it_has_elsewhere(
    modules: Callable[..., Any],
) -> None:
    patched, names = modules("patched", INSTALLED, wait=None), NameReplacement({Waiting.real: Waiting.other})
    modules("another", INSTALLED, wait=Waiting.real)
    names.install()
    names.remove()
    patched.wait = Waiting.real
    names.install()
    assert patched.wait() == "other"
    names.remove()
    assert patched.wait() == "real"


def test_what_functions_and_classes_of_an_installed_module_hold_is_replaced(modules: Callable[..., Any]) -> None:
    def by_default(wait: Callable[[], str] = Waiting.real) -> str:
        return wait()

    def by_keyword(*, wait: Callable[[], str] = Waiting.real) -> str:
        return wait()

    class Waiter:
        wait = Waiting.real

        def method(self, wait: Callable[[], str] = Waiting.real) -> str:
            return wait()

    Waiter.__module__ = "thing"
    modules("thing", INSTALLED, by_default=by_default, by_keyword=by_keyword, Waiter=Waiter)
    names = NameReplacement({Waiting.real: Waiting.other})
    for _ in range(2):
        names.install()
        assert [by_default(), by_keyword(), Waiter().method(), Waiter.wait()] == ["other"] * 4
        names.remove()
        assert [by_default(), by_keyword(), Waiter().method(), Waiter.wait()] == ["real"] * 4
    assert Waiter.wait is Waiting.real


def test_a_class_that_keeps_the_replacement_does_not_make_a_method_of_it(modules: Callable[..., Any]) -> None:
    module, names = modules("thing", INSTALLED, wait=Waiting.real), NameReplacement({Waiting.real: Waiting.other})
    names.install()

    class Waiter:
        wait = module.wait

    assert Waiter().wait() == "other"
    names.remove()
