"""When a failure is called double initialisation."""

from __future__ import annotations

from bodies import Store, diagnosis_of
from threads import run


class Settings:
    pass


def get(store: Store) -> object:
    if store.value is None:
        store.value = Settings()
    return store.value


def test_two_find_none_and_both_make_one() -> None:
    def body() -> None:
        store, got = Store(None), []
        run(First=lambda: got.append(get(store)), Second=lambda: got.append(get(store)))
        assert got[0] is got[1]

    found = diagnosis_of(body)
    assert found.pattern == "double initialisation"
    assert found.sentence == "Double initialisation of Store.value: Second and First both found None, and both set it"
    assert found.hint


def test_a_page_that_is_loaded_twice() -> None:
    def body() -> None:
        pages: dict[str, str] = {}
        loaded: list[str] = []

        def load() -> None:
            page = pages.get("home")
            if page is None:
                loaded.append("home")
                pages["home"] = "welcome"

        run(First=load, Second=load)
        assert loaded == ["home"]

    assert diagnosis_of(body).sentence == (
        "Double initialisation of pages['home']: Second and First both found nothing, and both set it"
    )


def test_not_if_the_second_one_finds_it() -> None:
    def body() -> None:
        store = Store(None)

        def get_locked() -> object:
            with store.lock:
                return get(store)

        run(First=get_locked, Second=get_locked)
        raise ValueError("in any case")

    assert diagnosis_of(body).pattern == ""


def test_not_if_numbers_are_counted() -> None:
    def body() -> None:
        hits: dict[str, int] = {}

        def visit() -> None:
            seen = hits.get("home")
            hits["home"] = 1 if seen is None else seen + 1

        run(First=visit, Second=visit)
        assert hits["home"] == 2

    assert diagnosis_of(body).pattern == "lost update"
