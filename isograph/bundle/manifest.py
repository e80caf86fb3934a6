"""`manifest.json`: its keys, and what can be wrong with it before any other file is opened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isograph.bundle.format import ASSAYS, KINDS, MANIFEST_FILE, Encoding, Kind, is_truth
from isograph.bundle.model import TABLE_OF_ASSAY
from isograph.errors import Problems

_FORMAT_PAGE = "see docs/bundle-format.md"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TableEntry(_Strict):
    """One feature table: what it holds, its file and its number of rows."""

    kind: Kind
    filename: str
    n_rows: int = Field(ge=0)


class MatrixEntry(_Strict):
    """One matrix: its assay, its file and its shape (n_features, n_samples)."""

    assay_name: str
    filename: str
    n_features: int = Field(gt=0)
    n_samples: int = Field(gt=0)
    encoding: Encoding = "dense_npz"


class Manifest(_Strict):
    """The index of a bundle."""

    dataset_name: str = Field(min_length=1)
    suite_name: str
    description: str
    sample_table: str
    # JSON has lists only, which strict mode would not take for tuples
    feature_tables: tuple[TableEntry, ...] = Field(min_length=1, strict=False)
    matrices: tuple[MatrixEntry, ...] = Field(min_length=1, strict=False)
    provenance: dict[str, str]
    truth_tables: tuple[str, ...] = Field((), strict=False)

    @property
    def filenames(self) -> tuple[str, ...]:
        """Every file that the manifest names, each once, in its order."""
        named = [self.sample_table]
        named += [entry.filename for entry in self.feature_tables]
        named += [entry.filename for entry in self.matrices]
        return tuple(dict.fromkeys([*named, *self.truth_tables]))


def read_manifest(folder: Path, problems: Problems) -> Manifest | None:
    """Read the manifest of a bundle folder.

    Unknown keys are noted and put aside, so that the files can still be looked at; anything else
    that is wrong leaves no index to go by, and gives None.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file; a bundle is a folder" if folder.exists() else "no such folder"
        problems.add(str(folder), what, fix=f"give the folder that holds {MANIFEST_FILE}")
        return None
    path = find_file(folder, MANIFEST_FILE, problems)
    if path is None:
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        problems.add(MANIFEST_FILE, f"is truncated or not JSON: {error}", fix="write it again")
        return None
    if not isinstance(raw, dict):
        problems.add(MANIFEST_FILE, "holds no JSON object", fix=_FORMAT_PAGE)
        return None
    return parse_manifest(raw, problems)


def parse_manifest(raw: Mapping[str, Any], problems: Problems) -> Manifest | None:
    """Check the keys of a manifest and what its entries say about each other."""
    manifest: Manifest | None = None
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        unknown = [item["loc"] for item in error.errors() if item["type"] == "extra_forbidden"]
        if unknown:
            problems.add(
                MANIFEST_FILE,
                "unknown keys",
                examples=[_dotted(loc) for loc in unknown],
                count=len(unknown),
                fix="remove them; facts about the data belong under provenance",
            )
        others = [item for item in error.errors() if item["type"] != "extra_forbidden"]
        for item in others:
            _explain(item, problems)
        if not others:
            manifest = Manifest.model_validate(_without(raw, unknown))
    if manifest is not None:
        _check_entries(manifest, problems)
    return manifest


def find_file(folder: Path, filename: str, problems: Problems) -> Path | None:
    """The path of a named file, if it is an ordinary file that lies inside the bundle folder."""
    posix, windows = PurePosixPath(filename), PureWindowsPath(filename)
    absolute = posix.is_absolute() or windows.is_absolute() or bool(windows.drive)
    if not filename or absolute or ".." in posix.parts or ".." in windows.parts:
        _refuse_outside(problems, filename, "file name leaves the bundle folder")
        return None
    path = folder / filename
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        present = inside and path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # loops of links, NUL in the name
        problems.add(filename, f"cannot be found: {error}")
        return None
    if not inside:
        _refuse_outside(problems, filename, "link leads out of the bundle folder")
        return None
    if not present:
        what = "is not an ordinary file" if path.exists() else "is missing"
        problems.add(filename, what, fix="the bundle is incomplete; write or copy it again")
        return None
    return path


def _refuse_outside(problems: Problems, filename: str, what: str) -> None:
    fix = "keep every file of a bundle in its own folder"
    problems.add(MANIFEST_FILE, what, examples=[repr(filename)], count=1, fix=fix)


def _dotted(loc: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in loc)


def _explain(item: Any, problems: Problems) -> None:
    where = f"{MANIFEST_FILE}: {_dotted(item['loc'])}"
    if item["type"] == "missing":
        problems.add(where, "key is missing", fix=_FORMAT_PAGE)
    elif item["type"] == "literal_error":
        allowed = item["ctx"]["expected"]
        problems.add(where, f"unknown value {item['input']!r}", fix=f"use one of {allowed}")
    else:
        got = "" if isinstance(item["input"], dict | list) else f", got {item['input']!r}"
        problems.add(where, f"{item['msg']}{got}", fix=_FORMAT_PAGE)


def _without(raw: Mapping[str, Any], unknown: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """A copy of `raw` less the keys at these places."""
    copy = deepcopy(dict(raw))
    for loc in unknown:
        owner: Any = copy
        for part in loc[:-1]:
            owner = owner[part]
        del owner[loc[-1]]
    return copy


def _check_entries(manifest: Manifest, problems: Problems) -> None:
    kinds = [entry.kind for entry in manifest.feature_tables]
    assays = [entry.assay_name for entry in manifest.matrices]
    _refuse_repeats(problems, "feature_tables", "kinds listed more than once", kinds)
    _refuse_repeats(problems, "matrices", "assays listed more than once", assays)
    unknown = [assay for assay in assays if assay not in ASSAYS]
    if unknown:
        problems.add(
            f"{MANIFEST_FILE}: matrices",
            "unknown assays",
            examples=[repr(assay) for assay in unknown],
            count=len(unknown),
            fix=f"use one of {', '.join(ASSAYS)}",
        )
    check_tables_there(problems, assays, kinds)
    _check_file_roles(manifest, problems)


def check_tables_there(problems: Problems, assays: Iterable[str], kinds: Iterable[str]) -> None:
    """Every matrix needs the feature table that names its rows."""
    there = set(kinds)
    for assay in assays:
        kind = TABLE_OF_ASSAY.get(assay)
        if kind is not None and kind not in there:
            what = f"matrix {assay} has no feature table of kind {kind}"
            problems.add(f"{MANIFEST_FILE}: matrices", what, fix=f"add the {kind} table")


def _check_file_roles(manifest: Manifest, problems: Problems) -> None:
    """One file has one role; only truth tables are listed a second time, under `truth_tables`."""
    tables = {PurePosixPath(e.filename): e.kind for e in manifest.feature_tables}
    files = [manifest.sample_table]
    files += [entry.filename for entry in manifest.feature_tables]
    files += [entry.filename for entry in manifest.matrices]
    normal = [str(PurePosixPath(name)) for name in files]
    _refuse_repeats(problems, "files", "file names listed for more than one thing", normal)
    stray = [
        name for name in manifest.truth_tables if not is_truth(tables.get(PurePosixPath(name), ""))
    ]
    if stray:
        truth = ", ".join(kind for kind in KINDS if is_truth(kind))
        problems.add(
            f"{MANIFEST_FILE}: truth_tables",
            "files that feature_tables does not list as truth",
            examples=stray,
            count=len(stray),
            fix=f"list each there too, with its kind ({truth})",
        )


def _refuse_repeats(problems: Problems, key: str, what: str, names: Iterable[str]) -> None:
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        where = MANIFEST_FILE if key == "files" else f"{MANIFEST_FILE}: {key}"
        fix = "list each once"
        problems.add(where, what, examples=repeated, count=len(repeated), fix=fix)
