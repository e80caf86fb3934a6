"""The folder that explanations go into: its files, and what must not be lost there."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from isograph.errors import OutputError, Problems
from isograph.explanation.source import Source
from isograph.files import read_json
from isograph.results.model import PLOTS

MANIFEST = "module_explanation_manifest.json"
INDEX, INDEX_PAGE, PAGE = "index.json", "index.html", "module.html"
CONTRASTS = "switch_contrasts.parquet"
DEFAULT_BACKEND = "calibrated"
_OF_A_FIT = (
    *(INDEX, INDEX_PAGE, CONTRASTS),
    *(f"structure.{ending}" for ending in ("parquet", "json", "fa")),
    *(f"{name}.{ending}" for name in PLOTS for ending in ("png", "pdf")),
)


def explanation_folder(root: Path, *, study: str, backend: str) -> Path:
    """Where the explanations of a fit go by default: `<root>/<study>` for the default backend.

    Fits of other backends go beside it, `<study>-<backend>`, so that neither replaces the other.
    """
    return root / (study if backend == DEFAULT_BACKEND else f"{study}-{backend}")


def check_explain_target(
    folder: Path, *, study: str, backend: str, modules: Collection[str], overwrite: bool
) -> None:
    """Refuse a folder in which something would be lost, or that cannot be written to.

    Args:
        folder: of the study.
        study, backend: of the fit.
        modules: names of the fit's modules and programmes: folders that may be replaced.
        overwrite: write among other files, and over explanations of another fit. A file that no
            explanation wrote is never deleted.

    Raises:
        OutputError: says what is in the way.
    """
    folder, problems = Path(folder), Problems()
    above = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if folder.is_symlink() and not folder.exists():
        problems.add(str(folder), "is a link to nowhere", fix="name another folder")
    elif not above.is_dir():
        problems.add(str(above), "is a file", fix="name a folder")
    elif not os.access(above, os.W_OK | os.X_OK):
        problems.add(str(above), "cannot be written to", fix="name another with --output-dir")
    elif folder.is_dir():
        if not overwrite:
            _note_others(folder, problems, study=study, backend=backend)
        _note_strangers(folder, problems, modules=modules)
    problems.raise_if_any(OutputError, "the explanations cannot be written there")


def _note_others(folder: Path, problems: Problems, *, study: str, backend: str) -> None:
    """Note what is no explanation, and explanations of another study or backend."""
    told = _read_index(folder)
    if told is not None and (told.get("study"), told.get("backend")) != (study, backend):
        problems.add(
            str(folder),
            f"holds explanations of {told.get('study')}, {told.get('backend')}",
            fix="choose another folder, or pass --overwrite to replace them",
        )
    elif told is None:
        # a run that was cut off leaves modules without an index
        names = sorted(
            path.name
            for path in folder.iterdir()
            if not (path.name.startswith(".") and path.name.endswith(".tmp"))
            and path.name not in _OF_A_FIT
            and _owner(path) != (study, backend)
        )
        if names:
            problems.add(
                str(folder),
                "holds files that are no explanations",
                examples=names,
                count=len(names),
                fix="choose another folder, or pass --overwrite to write among them",
            )


def _owner(folder: Path) -> tuple[Any, Any]:
    """Study and backend of a module's folder; None where it is no such folder."""
    manifest = _json(folder / MANIFEST) if folder.is_dir() else {}
    return manifest.get("study"), manifest.get("backend")


def _note_strangers(folder: Path, problems: Problems, *, modules: Collection[str]) -> None:
    """Note files of the user's own in folders that are to be replaced or removed."""
    places = {path.parent for path in folder.glob(f"*/{MANIFEST}")}
    places |= {folder / name for name in modules if (folder / name).exists()}
    for place in sorted(places):
        strangers = sorted(_names(place) - _written(place))
        if strangers:
            problems.add(
                str(place),
                "holds files that no explanation wrote",
                examples=strangers,
                count=len(strangers),
                fix="move them, or choose another folder",
            )


def _names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()} if place.is_dir() else {place.name}


def _written(place: Path) -> set[str]:
    """Names of the files that an explanation wrote into its folder."""
    manifest = _json(place / MANIFEST) if place.is_dir() else {}
    files = {str(entry.get("file")) for entry in manifest.get("files", {}).values()}
    return {*files, *manifest.get("pictures", ()), str(manifest.get("page")), MANIFEST}


def explained_modules(folder: Path, source: Source) -> tuple[str, ...]:
    """Modules and programmes of this fit whose explanation lies in a folder, in the fit's order."""
    found = []
    for name in source.profiles:
        path = Path(folder) / name / MANIFEST
        if path.is_file() and _json(path).get("fit_content_hash") == source.fit.content_hash:
            found.append(name)
    return tuple(found)


def remove_former(folder: Path, source: Source) -> None:
    """Delete explanations of former fits: their names would be taken for modules of this one."""
    folder = Path(folder)
    told = _read_index(folder)
    if told is not None and told["fit_content_hash"] != source.fit.content_hash:
        for name in _OF_A_FIT:
            (folder / name).unlink(missing_ok=True)
    kept = set(explained_modules(folder, source))
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        if path.parent.name not in kept:
            _remove_written(path.parent)


def _remove_written(place: Path) -> None:
    """Delete what an explanation wrote; the manifest last, so that it is known until then."""
    for name in sorted(_written(place), key=lambda name: name == MANIFEST):
        (place / name).unlink(missing_ok=True)
    if not any(place.iterdir()):
        place.rmdir()


def _read_index(folder: Path) -> dict[str, Any] | None:
    path = folder / INDEX
    found = _json(path) if path.is_file() else {}
    return found if "fit_content_hash" in found else None


def _json(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
