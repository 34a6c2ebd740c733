"""Files are seen whoever opens them, and by whatever they are reached: descriptors, wrappers, links, directories."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import logging
import os
import struct
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import racekit


def run(*functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def seen_beside(make: Callable[[], Any], look: Callable[[Any], object], change: Callable[[Any], object]) -> set[object]:
    """What `look` gives beside `change`, by all orders of dependent steps."""

    def body() -> str:
        shared = make()
        seen: list[object] = []
        run(lambda: seen.append(look(shared)), lambda: change(shared))
        return str(seen[0])

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    return set(found.outcomes)


def zipped(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("old", "")
    return path


def zip_more(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("new", "")


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as file:
        return file.namelist()


def compress(path: Path, text: bytes = b"new") -> Path:
    with gzip.open(path, "wb") as file:
        file.write(text)
    return path


def decompress(path: Path) -> bytes:
    with gzip.open(path, "rb") as file:
        return file.read()


def written(path: Path, text: str = "old") -> Path:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path


def linked(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.symlink_to("/somewhere")
    return path


def gone(path: Path) -> Path:
    path.unlink(missing_ok=True)
    return path


Case = tuple[Callable[[Path], Any], Callable[[Any], object], Callable[[Any], object]]
PATHS: dict[str, Case] = {
    "zipfile": (zipped, names_in, zip_more),
    "gzip": (lambda path: compress(path, b"old"), decompress, compress),
    "os.chmod": (written, lambda path: path.stat().st_mode, lambda path: os.chmod(path, 0o755)),
    "Path.chmod": (written, lambda path: path.stat().st_mode, lambda path: path.chmod(0o755)),
    "Path.symlink_to": (gone, lambda path: path.is_symlink(), lambda path: path.symlink_to("/somewhere")),
    "os.path.islink": (linked, os.path.islink, lambda path: path.unlink()),
    "os.path.realpath": (linked, os.path.realpath, lambda path: path.unlink()),
    "os.DirEntry": (
        lambda path: max(os.scandir(written(path).parent), key=str),
        lambda entry: entry.stat().st_size,
        lambda entry: Path(entry.path).write_text("longer"),
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_leads_to_a_file(name: str, tmp_path: Path) -> None:
    make, look, change = PATHS[name]
    assert len(seen_beside(lambda: make(tmp_path / "file"), look, change)) == 2


def dump(file: io.StringIO) -> None:
    json.dump([1], file)


def log(file: io.StringIO) -> None:
    logger = logging.Logger("log")
    logger.addHandler(logging.StreamHandler(file))
    logger.warning("text")


def redirect(file: io.StringIO) -> None:
    with contextlib.redirect_stdout(file):
        print("text")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(dump, id="json.dump"),
        pytest.param(lambda file: csv.writer(file).writerow([1]), id="csv.writer"),
        pytest.param(log, id="logging"),
        pytest.param(redirect, id="redirect_stdout"),
    ],
)
def test_a_file_in_memory_is_written_by_libraries(write: Callable[[io.StringIO], object]) -> None:
    assert len(seen_beside(io.StringIO, lambda file: bool(file.getvalue()), write)) == 2


def test_a_writer_writes_to_the_file_below_it() -> None:
    def make() -> tuple[io.BytesIO, io.TextIOWrapper]:
        below = io.BytesIO()
        return below, io.TextIOWrapper(below, write_through=True)

    assert seen_beside(make, lambda files: files[0].getvalue(), lambda files: files[1].write("x")) == {"b''", "b'x'"}


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="only there it can be asked what is behind one")
def test_a_descriptor_leads_to_its_file(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def body() -> bytes:
        path.write_bytes(b"")
        descriptor = os.open(path, os.O_WRONLY)
        seen: list[bytes] = []
        run(lambda: seen.append(path.read_bytes()), lambda: os.write(descriptor, b"x"))
        os.close(descriptor)
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {b"", b"x"}


def test_threads_share_the_position_of_a_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"ab")

    def body() -> tuple[bytes, bytes]:
        descriptor = os.open(path, os.O_RDONLY)
        got = [b"", b""]

        def read(index: int) -> None:
            got[index] = os.read(descriptor, 1)

        run(lambda: read(0), lambda: read(1))
        os.close(descriptor)
        return got[0], got[1]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {(b"a", b"b"), (b"b", b"a")}


def is_there(file: Any) -> bool:
    return os.path.exists(file.name)


@pytest.mark.parametrize(
    ("look", "change"),
    [
        pytest.param(is_there, lambda file: file.close(), id="close"),
        pytest.param(is_there, lambda file: file.__exit__(None, None, None), id="with"),
        pytest.param(
            lambda file: os.path.getsize(file.name), lambda file: (file.write(b"x"), file.close()), id="write"
        ),
    ],
)
def test_a_named_temporary_file_is_a_file(
    look: Callable[[Any], object], change: Callable[[Any], object], tmp_path: Path
) -> None:
    def make() -> Any:
        return tempfile.NamedTemporaryFile(dir=tmp_path, delete=look is is_there)

    assert len(seen_beside(make, look, change)) == 2


def test_a_temporary_directory_may_be_made_in_the_default_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def empty() -> None:
        for each in tmp_path.iterdir():
            each.rmdir()

    assert seen_beside(empty, lambda _: len(os.listdir(tmp_path)), lambda _: tempfile.mkdtemp()) == {"0", "1"}


def test_a_walk_lists_each_directory_when_it_comes_to_it(tmp_path: Path) -> None:
    def make() -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "new").unlink(missing_ok=True)

    def walk(_: object) -> list[str]:
        found = []
        for directory, directories, files in os.walk(tmp_path):
            directories.sort()
            found += [os.path.basename(directory) for _ in files]
        return found

    def change(_: object) -> None:
        for name in ("a", "b"):
            (tmp_path / name / "new").touch()

    assert seen_beside(make, walk, change) == {"[]", "['a']", "['b']", "['a', 'b']"}


def test_the_working_directory_is_a_location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    seen = seen_beside(
        lambda: os.chdir(tmp_path), lambda _: os.path.relpath(os.getcwd(), tmp_path), lambda _: os.chdir("below")
    )
    assert seen == {".", "below"}


def test_variables_in_a_path_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACEKIT_PLACE", "old")
    seen = seen_beside(
        lambda: os.environ.update(RACEKIT_PLACE="old"),
        lambda _: os.path.expandvars("$RACEKIT_PLACE"),
        lambda _: os.environ.update(RACEKIT_PLACE="new"),
    )
    assert seen == {"old", "new"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda buffer: io.BytesIO(b"abcd").readinto(buffer), id="readinto"),
        pytest.param(lambda buffer: struct.Struct("i").pack_into(buffer, 0, 1), id="pack_into"),
        pytest.param(lambda buffer: memoryview(buffer).cast("i").__setitem__(0, 1), id="cast"),
    ],
)
def test_a_buffer_is_written_through(change: Callable[[bytearray], object]) -> None:
    assert len(seen_beside(lambda: bytearray(4), bytes, change)) == 2


@pytest.mark.parametrize("capture", ["capsys", "capfd", None])
def test_the_order_of_lines_in_a_standard_stream_is_nobodys_state(
    capture: str | None, request: pytest.FixtureRequest
) -> None:
    if capture is not None:
        request.getfixturevalue(capture)

    def body() -> None:
        run(lambda: sys.stdout.write("one"), lambda: print("two", file=sys.stdout))

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert found.executions == 1
