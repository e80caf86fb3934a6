"""The studies folder: which studies lie there, whether they changed, what is wrong with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from isograph.backends import backend_names
from isograph.bundle import Bundle
from isograph.errors import IsographError, Problem, Problems, StudyError
from isograph.importers.of_study import can_import, is_bundle
from isograph.study import NAME_PATTERN, Study, default_study, read_study
from isograph_assets.partitions import FIXTURES

STUDY_KEY = "isograph_study"
"""Provenance key under which a stored study bundle keeps the study it was stored for."""

_MANIFEST = "manifest.json"
_SUFFIXES = (".yaml", ".yml")
_MAX_NAME = 120
_FINGERPRINT_DIGITS = 16


@dataclass(frozen=True)
class Found:
    """One study in the studies folder.

    Attributes:
        study: what to fit and how.
        source: the study file or the bundle folder that it comes from.
        fingerprint: changes with the name, size or time of any of its files.
    """

    study: Study
    source: Path
    fingerprint: str


@dataclass(frozen=True)
class Scan:
    """What the studies folder holds now.

    Attributes:
        studies: usable studies by name, sorted.
        problems: why anything else in the folder is none.
        unusable: names of the files and folders that the problems are about.
        has_entries: whether anything at all lies there; not so when a disk is not mounted.
    """

    studies: dict[str, Found]
    problems: tuple[str, ...]
    unusable: frozenset[str] = frozenset()
    has_entries: bool = True


def scan_studies(
    root: Path, *, bundles: Path | None = None, taken: Collection[str] | None = None
) -> Scan:
    """Look through the folders of studies and bundles; what is broken stands in nobody's way.

    A folder with a manifest is a bundle and its own default study, and so is a folder of quantified
    samples of one kind; a `.yaml` file is a study.
    Names that begin with a dot are passed over.

    Args:
        root: the studies folder; it may be missing.
        bundles: folder of bundles; it may be missing. Each is its own default study unless the
            studies folder has one of that name; files and simulated fixtures are passed over.
        taken: names that no study may have; the fixtures' if None.
    """
    root = Path(root)
    taken = FIXTURES.get_partition_keys() if taken is None else taken
    problems: list[str] = []
    unusable: set[str] = set()
    by_name: dict[str, list[Found]] = {}
    entries = _entries(root, problems)
    for entry in entries:
        try:
            found = _look_at(entry)
        except (IsographError, OSError) as error:
            problems.append(" ".join(str(error).split()))
            unusable.add(entry.name)
            continue
        if found is None:
            if entry.is_dir():
                problems.append(f"{entry.name}/: no {_MANIFEST} and no quantified samples yet")
                unusable.add(entry.name)
        elif found.study.name in taken:
            problems.append(f"{entry.name}: {found.study.name} is the name of a fixture")
            unusable.add(entry.name)
        else:
            by_name.setdefault(found.study.name, []).append(found)
    further = [] if bundles is None else _entries(bundles, problems)
    named = {*by_name, *taken}
    for entry in further:
        if entry.is_dir() and entry.name not in named and (found := _bundle(entry, problems)):
            by_name[entry.name] = [found]
    for name, several in by_name.items():
        if len(several) > 1:
            sources = ", ".join(found.source.name for found in several)
            problems.append(f"{name}: clash, {sources} make a study of the same name")
            unusable.update(found.source.name for found in several)
    usable = {name: only[0] for name, only in sorted(by_name.items()) if len(only) == 1}
    return Scan(usable, tuple(problems), frozenset(unusable), bool(entries or further))


def _bundle(entry: Path, problems: list[str]) -> Found | None:
    """The study that a folder of bundles has in an entry; None where it has none."""
    try:
        return _look_at(entry)
    except (IsographError, OSError) as error:
        problems.append(" ".join(str(error).split()))
        return None


def _entries(root: Path, problems: list[str]) -> list[Path]:
    """What lies in the folder, hidden names left out; nothing where it cannot be read."""
    try:
        return sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(f"{root} cannot be read: {error.strerror}")
        return []


def find_study(root: Path, name: str, *, bundles: Path | None = None) -> Study:
    """The study of that name.

    Raises:
        StudyError: it is not there or not usable; says what was found instead.
    """
    scan = scan_studies(root, bundles=bundles)
    if name in scan.studies:
        return scan.studies[name].study
    about = [Problem(str(root), problem) for problem in scan.problems]
    about = about or [Problem(str(root), f"no {name}.yaml and no bundle folder {name}/")]
    raise StudyError(f"study {name} cannot be used", about)


def study_of(bundle: Bundle, name: str) -> Study:
    """The study that a stored bundle was stored for; a default one for fixtures.

    Features and fits take it from here, not from the studies folder, so that all assets of a
    partition are of one definition although the user goes on editing.
    """
    recorded = bundle.provenance.get(STUDY_KEY)
    if recorded is not None:
        return Study.model_validate_json(recorded)
    return default_study(bundle.path or Path(name), name=name)


def _look_at(entry: Path) -> Found | None:
    """The study that an entry of the folder makes; None where it makes none."""
    if entry.is_dir():
        if not is_bundle(entry) and not can_import(entry):
            return None
        _check_name(entry.name)
        study = default_study(entry, name=entry.name)
        return Found(study, entry, _fingerprint([entry]))
    if entry.suffix not in _SUFFIXES:
        return None
    study = read_study(entry)
    unknown = [name for name in study.backends if name not in backend_names()]
    if unknown:
        fix = f"one of {', '.join(backend_names())}"
        problem = Problem("backends", "no such backend", tuple(unknown), fix=fix)
        raise StudyError(f"{entry.name} refused", [problem])
    _check_source(entry, study)
    files = () if study.imports is None else study.imports.files
    return Found(study, entry, _fingerprint([entry, study.bundle, *files]))


def _check_source(entry: Path, study: Study) -> None:
    if is_bundle(study.bundle):
        return
    problems = Problems()
    told = study.imports is not None and study.imports.kind != "auto"
    if not study.bundle.exists() or not (told or can_import(study.bundle)):
        what = f"{study.bundle} is no bundle folder, and holds no samples of one known kind"
        fix = f"no {_MANIFEST}; isograph import auto {study.bundle} says more"
        problems.add("bundle", what, fix=fix)
    for path in () if study.imports is None else study.imports.files:
        if not path.is_file():
            problems.add("import", f"{path}: no such file")
    problems.raise_if_any(StudyError, f"{entry.name} refused")


def _check_name(name: str) -> None:
    if len(name) > _MAX_NAME or not re.fullmatch(NAME_PATTERN, name):
        what = "a study name is made of letters, digits, `.`, `_` and `-`, 120 at most"
        raise StudyError(f"{name}/ refused", [Problem(name, what, fix="rename the folder")])


def _fingerprint(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(path):
            facts = file.stat()
            digest.update(f"{file}\x1f{facts.st_size}\x1f{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:_FINGERPRINT_DIGITS]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    yield from sorted(file for file in path.rglob("*") if file.is_file())
