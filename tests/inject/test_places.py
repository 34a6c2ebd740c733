"""Which function a place is in: whatever a user may hold in hand."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from racekit import BadArgument, Race


def plain() -> str:
    step = "plain"
    return step


def loudly(function: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> str:
        return function(*args) + "!"

    return wrapper


@loudly
@loudly
def decorated() -> str:
    step = "decorated"
    return step


class Thing:
    def method(self) -> str:
        step = "method"
        return step

    @staticmethod
    def static() -> str:
        step = "static"
        return step

    @classmethod
    def of_class(cls) -> str:
        step = "of class"
        return step

    @property
    def attribute(self) -> str:
        step = "property"
        return step

    @functools.cached_property
    def cached(self) -> str:
        step = "cached property"
        return step


class Heir(Thing):
    pass


def outer() -> str:
    def inner() -> str:
        def innermost() -> str:
            step = "innermost"
            return step

        step = innermost()
        return step

    return inner()


class Nest:
    def method(self) -> str:
        def inner() -> str:
            step = "inner"
            return step

        return inner()


async def asynchronous() -> str:
    await asyncio.sleep(0)
    step = "asynchronous"
    return step


THING = Thing()
HERE = __name__


@pytest.mark.parametrize(
    ("function", "use"),
    [
        pytest.param(plain, plain, id="function"),
        pytest.param(decorated, decorated, id="decorated function"),
        pytest.param(functools.partial(plain), plain, id="partial"),
        pytest.param(Thing.method, THING.method, id="method of a class"),
        pytest.param(THING.method, THING.method, id="bound method"),
        pytest.param(THING.method, Thing().method, id="bound method, used by another object"),
        pytest.param(Heir().method, THING.method, id="inherited method"),
        pytest.param(Thing.static, Thing.static, id="staticmethod"),
        pytest.param(vars(Thing)["static"], Thing.static, id="staticmethod object"),
        pytest.param(Thing.of_class, Thing.of_class, id="classmethod"),
        pytest.param(vars(Thing)["of_class"], Thing.of_class, id="classmethod object"),
        pytest.param(Thing.attribute, lambda: THING.attribute, id="property"),
        pytest.param(Thing.cached, lambda: Thing().cached, id="cached property"),
        pytest.param(f"{HERE}.plain", plain, id="name of a function"),
        pytest.param(f"{HERE}.Thing.method", THING.method, id="name of a method"),
        pytest.param(f"{HERE}.Thing.attribute", lambda: THING.attribute, id="name of a property"),
        pytest.param(f"{HERE}.Nest.method.<locals>.inner", Nest().method, id="name of a function in a method"),
        pytest.param(f"{HERE}.outer.<locals>.inner.<locals>.innermost", outer, id="name of a function nested twice"),
        pytest.param(asynchronous, lambda: asyncio.run(asynchronous()), id="coroutine function"),
    ],
)
def test_a_place_can_be_in_any_function(race: Race, function: Any, use: Callable[[], str]) -> None:
    calls: list[str] = []
    race.call(function, lambda: calls.append("called"), before="return step")
    use()
    assert calls == ["called"]


def test_a_function_that_was_made_by_another_one_can_be_given_itself(race: Race) -> None:
    def local() -> str:
        step = "local"
        return step

    calls: list[str] = []
    race.call(local, lambda: calls.append("called"), before="return step")
    assert (local(), calls) == ("local", ["called"])


def test_two_functions_with_one_code_have_places_of_their_own(race: Race) -> None:
    def make() -> Callable[[], str]:
        def made() -> str:
            step = "made"
            return step

        return made

    one, other, third = make(), make(), make()
    calls: list[str] = []
    race.call(one, lambda: calls.append("one"), before="return step")
    race.call(other, lambda: calls.append("other"), before="return step")
    other(), third(), one()
    assert calls == ["other", "one"]


def test_an_injected_property_still_gives_its_value(race: Race) -> None:
    race.call(Thing.attribute, lambda: None, before="return step")
    assert THING.attribute == "property"


@pytest.mark.parametrize("function", [len, 7, Thing, THING])
def test_what_has_no_python_code_is_refused(race: Race, function: Any) -> None:
    with pytest.raises(BadArgument, match="is no function written in Python, so it has no lines"):
        race.call(function, lambda: None, before="return")


@pytest.mark.parametrize("name", ["nowhere.at_all", f"{HERE}.nothing", f"{HERE}.outer.<locals>.nobody", "plain", ""])
def test_a_name_that_names_no_function_is_refused(race: Race, name: str) -> None:
    with pytest.raises(BadArgument, match="There is no function"):
        race.call(name, lambda: None, before="return")


def test_a_lambda_is_refused(race: Race) -> None:
    with pytest.raises(BadArgument, match="is not a function with a `def`"):
        race.call(lambda: None, lambda: None, before="None")


def test_a_function_whose_source_is_gone_is_refused(race: Race) -> None:
    namespace: dict[str, Any] = {}
    exec(compile("def made(): return 1", "<gone>", "exec"), namespace)
    with pytest.raises(BadArgument, match="cannot be read, so it has no lines"):
        race.call(namespace["made"], lambda: None, before="return")
