"""Results in a bucket: the old or the new whole, nothing that was not written, no key kept."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isograph.errors import OutputError
from isograph.evaluation.history import read_history
from isograph.files import read_json
from isograph_assets.resources import Artifacts, artifacts_folder, artifacts_place
from isograph_assets.storage import records, stores
from isograph_assets.storage.buckets import open_bucket
from isograph_assets.storage.records import RECORD, Record, StoredFile, new_version, read_record
from isograph_assets.storage.stores import Store

SOME = {"modules.parquet": b"one", "pages/M1.html": b"<p>two</p>", "empty.txt": b""}
OTHER = {"modules.parquet": b"three", "edges.parquet": b"four", "empty.txt": b""}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.at(f"memory://{secrets.token_hex(8)}/results", cache=tmp_path / "here")
    yield made
    made.fs.store.clear()


def elsewhere(store: Store, name: str = "there") -> Store:
    """The same store from another machine, which has no copies yet."""
    return Store.at(store.url, cache=store.copy.parents[1] / name)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def put(store: Store, files: dict[str, bytes], where: str = "fits/toy/wgcna") -> Path:
    path = store.copy / where
    with store.writing(path):
        for old in sorted(path.rglob("*")) if path.exists() else ():
            if old.is_file():
                old.unlink()
        write(path, files)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def got(store: Store, where: str = "fits/toy/wgcna") -> dict[str, bytes]:
    with store.reading(store.copy / where) as path:
        return contents(path)


def record_of(store: Store, where: str = "fits/toy/wgcna") -> Record:
    content = store.fs.cat_file(f"{store.base}/{where}/{RECORD}")
    return read_record(content, where="record")


def versions(store: Store, where: str = "fits/toy/wgcna") -> list[str]:
    names = (place.rpartition("/")[2] for place in store.fs.ls(f"{store.base}/{where}", False))
    return sorted(name for name in names if name != RECORD)


def test_a_folder_comes_back_on_another_machine(store: Store) -> None:
    put(store, SOME)
    assert got(elsewhere(store)) == SOME


def test_files_that_are_gone_do_not_come_back(store: Store) -> None:
    put(store, SOME)
    other = elsewhere(store)
    assert got(other) == SOME
    put(store, OTHER)
    assert got(other) == OTHER


def test_names_of_files_are_kept_below_the_version(store: Store) -> None:
    path = put(store, SOME)
    address = store.address(path)
    assert address == f"{store.url}/fits/toy/wgcna/{record_of(store).version}"
    fs, below = open_bucket(address)
    assert fs.cat_file(f"{below}/pages/M1.html") == SOME["pages/M1.html"]


def test_a_file_keeps_its_name(store: Store) -> None:
    path = store.copy / "reports" / "leaderboard.json"
    with store.writing(path):
        write(path.parent, {path.name: b'{"a": 1}'})
    assert store.address(path) == f"{store.url}/reports/leaderboard.json"
    assert store.fs.cat_file(f"{store.base}/reports/leaderboard.json") == b'{"a": 1}'
    other = elsewhere(store)
    with other.reading(other.copy / "reports" / "leaderboard.json") as found:
        assert read_json(found) == {"a": 1}


def test_only_what_changed_is_fetched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, SOME)
    other = elsewhere(store)
    assert got(other) == SOME
    put(store, SOME | {"modules.parquet": b"new"})
    asked: list[str] = []
    whole = store.fs.get

    def noted(keys: list[str], places: list[str]) -> None:
        asked.extend(keys)
        whole(keys, places)

    monkeypatch.setattr(store.fs, "get", noted, raising=False)
    assert got(other) == SOME | {"modules.parquet": b"new"}
    assert [key.rpartition("/")[2] for key in asked] == ["modules.parquet"]
    asked.clear()
    got(other)
    assert asked == []


def test_a_copy_that_somebody_changed_is_put_right(store: Store) -> None:
    path = put(store, SOME)
    (path / "modules.parquet").write_bytes(b"eno")
    (path / "further.txt").write_bytes(b"x")
    assert got(store) == SOME


@pytest.mark.parametrize("last", range(4))
def test_a_writer_that_ends_early_leaves_the_old_folder(
    store: Store, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    put(store, SOME)
    whole, done = store.fs.put_file, []

    def broken(*arguments: object, **options: object) -> None:
        if len(done) == last:
            raise KeyboardInterrupt
        done.append(whole(*arguments, **options))

    with monkeypatch.context() as patch:
        patch.setattr(store.fs, "put_file", broken, raising=False)
        patch.setattr(store.fs, "pipe_file", broken, raising=False)
        with pytest.raises(KeyboardInterrupt):
            put(store, OTHER)
    assert got(elsewhere(store)) == SOME
    put(store, OTHER)
    assert got(elsewhere(store)) == OTHER


def test_a_block_that_raises_stores_nothing(store: Store) -> None:
    path = put(store, SOME)

    def fail() -> None:
        with store.writing(path):
            write(path, OTHER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert got(elsewhere(store)) == SOME


def test_files_that_do_not_arrive_are_noticed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, SOME)
    with monkeypatch.context() as patch:
        patch.setattr(store.fs, "put_file", lambda *_, **__: None, raising=False)
        with pytest.raises(OutputError, match="did not arrive"):
            put(store, OTHER)
    assert got(elsewhere(store)) == SOME


def test_the_former_version_stays_and_the_one_before_goes(store: Store) -> None:
    made = []
    for files in (SOME, OTHER, SOME):
        put(store, files)
        made.append(record_of(store).version)
    assert versions(store) == made[1:]
    assert record_of(store).former == made[1]


def test_a_reader_that_began_before_the_switch_finishes(store: Store) -> None:
    put(store, SOME)
    before = record_of(store)
    put(store, OTHER)
    other = elsewhere(store)
    assert other._assemble(other.copy / "fits/toy/wgcna", before)
    assert contents(other.copy / "fits/toy/wgcna") == SOME


def test_a_reader_that_is_overtaken_gets_the_newest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, SOME)
    other = elsewhere(store)
    whole, overtaken = Store._record, []

    def slow(self: Store, path: Path) -> Record | None:
        found = whole(self, path)
        if self is other and not overtaken:
            overtaken.append(True)
            for files in (OTHER, SOME, OTHER):
                put(store, files)
        return found

    monkeypatch.setattr(Store, "_record", slow)
    assert got(other) == OTHER


def test_what_a_killed_writer_left_goes_after_a_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, SOME)
    left = new_version()
    store.fs.pipe_file(f"{store.base}/fits/toy/wgcna/{left}/modules.parquet", b"half")
    put(store, OTHER)
    assert left in versions(store)
    monkeypatch.setattr(stores, "age", lambda version: records.age(version) + 86401)
    put(store, SOME)
    assert left not in versions(store)
    assert got(elsewhere(store)) == SOME


def test_two_writers_at_a_time_leave_one_of_the_two(store: Store) -> None:
    other = elsewhere(store)
    put(store, SOME)
    path = other.copy / "fits/toy/wgcna"
    with other.writing(path):
        write(path, OTHER)
        put(store, {"third.txt": b"3"})
    assert got(elsewhere(store, "third")) == OTHER


@pytest.mark.parametrize("damage", [b"eno", b"", None])
def test_a_damaged_object_is_noticed(store: Store, damage: bytes | None) -> None:
    path = put(store, SOME)
    place = f"{store.base}/fits/toy/wgcna/{record_of(store).version}/modules.parquet"
    if damage is None:
        store.fs.rm(place)
    else:
        store.fs.pipe_file(place, damage)
    other = elsewhere(store)
    with pytest.raises(OutputError, match=r"is damaged(.|\n)*run the asset again"):
        got(other)
    assert not (other.copy / "fits/toy/wgcna").exists()
    with pytest.raises(OutputError, match="is damaged"):
        other.read(other.copy / "fits/toy/wgcna", "modules.parquet")
    put(store, SOME)
    assert got(other) == SOME
    assert path.exists()


def test_a_document_that_is_cut_is_noticed(store: Store) -> None:
    store.fs.pipe_file(f"{store.base}/metrics/wgcna/toy.json", b'{"ari": 1')
    with pytest.raises(OutputError, match=r"is damaged(.|\n)*not JSON"):
        got(store, "metrics/wgcna/toy.json")


def test_nothing_there_says_what_to_do(store: Store) -> None:
    with pytest.raises(OutputError, match=r"fits/toy/wgcna(.|\n)*run the asset that makes it"):
        got(store)


def test_what_the_store_has_not_is_gone_from_the_copy(store: Store) -> None:
    paths = [store.copy / "fits/toy/wgcna", store.copy / "reports/board.json"]
    write(paths[0], SOME)
    write(paths[1].parent, {"board.json": b"{}"})
    for path in paths:
        store.fetch(path)
        assert not path.exists()


def test_one_file_is_read_without_the_others(store: Store) -> None:
    put(store, SOME)
    other = elsewhere(store)
    path = other.copy / "fits/toy/wgcna"
    assert other.read(path, "pages/M1.html") == SOME["pages/M1.html"]
    assert other.read(path, "further.txt") is None
    assert other.read(other.copy / "fits/toy/none", "further.txt") is None
    assert not path.exists()


def test_many_files_are_fetched_at_once(store: Store) -> None:
    folder = store.copy / "metrics/wgcna"
    for name in ("a", "b"):
        with store.writing(folder / f"{name}.json"):
            write(folder, {f"{name}.json": f'"{name}"'.encode()})
    other = elsewhere(store)
    paths = [other.copy / f"metrics/wgcna/{name}.json" for name in ("a", "b", "c")]
    write(paths[2].parent, {"c.json": b'"old"'})
    other.fetch_files(paths)
    assert [path.exists() for path in paths] == [True, True, False]
    assert [read_json(path) for path in paths[:2]] == ["a", "b"]


def test_lines_of_all_writers_are_kept_in_order(store: Store) -> None:
    lines = [{"dataset": f"d{i}", "backend": "b", "seed": 0, "run": "r"} for i in range(6)]
    machines = [store, elsewhere(store), elsewhere(store, "third")]
    for i, line in enumerate(lines):
        writer = machines[i % 3]
        with writer.appending(writer.copy / "reports/history.jsonl") as part:
            part.write_text(json.dumps(line) + "\n")
    for reader in machines:
        path = reader.copy / "reports/history.jsonl"
        reader.fetch_lines(path)
        assert read_history(path) == lines


@pytest.mark.parametrize(
    "name", ["../up", "a/../../up", "/etc/passwd", "", "a//b", "./a", "..", "C:/x", "a\\..\\b"]
)
def test_a_record_whose_names_leave_their_folder_is_refused(store: Store, name: str) -> None:
    put(store, SOME)
    record = record_of(store)
    evil = Record(record.version, None, {name: StoredFile(1, "0" * 64)})
    store.fs.pipe_file(f"{store.base}/fits/toy/wgcna/{RECORD}", evil.as_bytes())
    other = elsewhere(store)
    with pytest.raises(OutputError, match="out of their folder"):
        got(other)
    assert contents(other.copy.parent.parent / "there" / "fits") == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b"{}", b'{"version": 1, "former": null, "files": []}'],
)
def test_a_record_that_is_none_is_refused_and_written_anew(store: Store, content: bytes) -> None:
    put(store, SOME)
    store.fs.pipe_file(f"{store.base}/fits/toy/wgcna/{RECORD}", content)
    with pytest.raises(OutputError, match=r"\.isograph\.json cannot be read"):
        got(elsewhere(store))
    put(store, OTHER)
    assert got(elsewhere(store)) == OTHER


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z0-9_.]{0,3}[A-Za-z0-9_](/[a-z]{1,3}){0,2}", fullmatch=True),
        st.builds(
            StoredFile, st.integers(0, 2**60), st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
        ),
    )
)
def test_a_record_comes_back_as_it_was(files: dict[str, StoredFile]) -> None:
    record = Record(new_version(), new_version(), files)
    assert read_record(record.as_bytes(), where="record") == record


def test_versions_sort_by_time() -> None:
    made = [new_version() for _ in range(50)]
    assert sorted(v.partition("-")[0] for v in made) == [v.partition("-")[0] for v in made]
    assert all(0 <= records.age(version) < 60 for version in made)


def test_a_path_outside_the_copy_is_refused(store: Store) -> None:
    for path in (store.copy.parent / "x", store.copy / ".." / "x"):
        with pytest.raises(ValueError, match=r"leads out|not in the subpath"):
            store.fetch(path)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense://bucket/x", "nonsense:// is not known"),
        ("simplecache::memory://x", "no ::"),
        ("memory://x?key=hidden", "no ::"),
        ("s3://me:hidden@bucket/x", "no password"),
    ],
)
def test_an_address_that_cannot_be_used_is_told(
    url: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", url)
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path))
    with pytest.raises(OutputError, match=told) as refused:
        artifacts_place()
    assert "hidden" not in str(refused.value)


def run_python(script: str, *, within: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=within
    )


def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "sys.modules['s3fs'] = None\n"
        "from isograph_assets.storage.stores import Store\n"
        "Store.at('s3://bucket/prefix', cache=Path())\n"
    )
    told = run_python(script, within=tmp_path).stderr
    assert "isograph.errors.OutputError: s3://bucket/prefix cannot be used" in told
    assert "s3:// needs a package that is not installed" in told
    assert "pip install 'isograph-assets[s3]'" in told


def test_a_folder_needs_no_package_of_a_bucket(tmp_path: Path) -> None:
    script = (
        "import sys; import isograph_assets.definitions\n"
        "assert not {'s3fs', 'botocore', 'aiobotocore'} & set(sys.modules)\n"
    )
    assert run_python(script, within=tmp_path).returncode == 0


def test_a_refusal_is_told_without_its_retries(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    put(store, SOME)
    monkeypatch.setattr(store.fs, "cat_file", refused, raising=False)
    with pytest.raises(OutputError, match=r"cannot be read(.|\n)*PermissionError: Access Denied"):
        got(store)


@pytest.mark.parametrize("place", ["folder", "file://folder"])
def test_a_folder_stays_a_folder(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", place.replace("folder", str(tmp_path / "a")))
    assert artifacts_place() == str(tmp_path / "a")
    assert artifacts_folder() == tmp_path / "a"
    artifacts = Artifacts(folder=artifacts_place())
    assert artifacts.store is None
    path = artifacts.fit("toy", "wgcna")
    with artifacts.writing(path):
        write(path, SOME)
    with artifacts.reading(path) as found:
        assert found == path
    assert artifacts.fetch(path) == path
    assert artifacts.read(path, "modules.parquet") == b"one"
    assert artifacts.read(path, "none.parquet") is None
    assert artifacts.fetch_files([path, tmp_path / "none"]) == [path]
    assert artifacts.shown(path, "a.html") == dg.MetadataValue.path(path / "a.html")
    with artifacts.appending(artifacts.report("history.jsonl")) as part:
        assert part == tmp_path / "a" / "reports" / "history.jsonl"
    # nothing but what was written: no record, no lock, no copy
    assert sorted(contents(tmp_path)) == sorted(f"a/fits/toy/wgcna/{name}" for name in SOME)
    assert contents(path) == SOME


def test_the_copy_lies_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", "memory://bucket/prefix/")
    monkeypatch.delenv("ISOGRAPH_CACHE", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    assert artifacts_place() == "memory://bucket/prefix"
    assert artifacts_folder().parent == tmp_path / "home" / "artifacts-cache"
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert artifacts_folder().parent == tmp_path / "cache" / "isograph" / "artifacts"
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path / "named"))
    one = artifacts_folder()
    assert one.parent == tmp_path / "named"
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", "memory://bucket/other")
    assert artifacts_folder() != one
