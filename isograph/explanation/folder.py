"""Explanations as folders: one a module, each written whole or not at all, and an index above."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from isograph.errors import OutputError, Problems
from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.source import MODULE, Source
from isograph.files import (
    SCHEMA_VERSION,
    atomic_folder,
    hash_table,
    read_json,
    sha256_file,
    write_bytes,
    write_json,
    write_table,
    write_text,
)
from isograph.provenance import git_state, version
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


def write_explanation(
    explanations: Explanations,
    part: Explanation,
    folder: Path,
    *,
    pictures: Mapping[str, bytes],
    page: str,
) -> Path:
    """Write one module's folder, whole or not at all.

    Args:
        explanations: the fit it belongs to.
        part: what to write.
        folder: of the study; the module's own is made in it.
        pictures: bytes by file name.
        page: `module.html`.

    Returns:
        The module's folder.
    """
    target = Path(folder) / part.profile.name
    with atomic_folder(target) as work:
        for name, table in part.tables.items():
            write_table(work / f"{name}.parquet", table)
        for name, content in pictures.items():
            write_bytes(work / name, content)
        write_text(work / PAGE, page)
        write_json(work / MANIFEST, _manifest(explanations, part, work, sorted(pictures)))
    return target


def _manifest(
    explanations: Explanations, part: Explanation, work: Path, pictures: list[str]
) -> dict[str, Any]:
    profile = part.profile
    return {
        "schema_version": SCHEMA_VERSION,
        "module_id": profile.name,
        "kind": profile.kind,
        "n_genes": len(profile.genes),
        **_about_fit(explanations.source),
        "options": explanations.options,
        "files": {
            name: {
                "file": f"{name}.parquet",
                "rows": table.num_rows,
                "content_hash": hash_table(table),
            }
            for name, table in part.tables.items()
        },
        "pictures": pictures,
        "page": PAGE,
        "sha256": {name: sha256_file(work / name) for name in (*pictures, PAGE)},
        "records": part.records,
        "not_available": part.missing,
        "isograph_version": version(),
        "git": git_state(),
    }


def _about_fit(source: Source) -> dict[str, Any]:
    config = source.fit.config
    return {
        "study": config["study"],
        "backend": config["backend"],
        "fit_content_hash": source.fit.content_hash,
        "bundle": config["bundle"],
        "n_samples": len(source.sample_ids),
    }


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


def write_index(explanations: Explanations, folder: Path, *, page: str) -> Path:
    """Write `index.json`, `index.html` and the switch contrasts of the whole fit.

    Returns:
        `index.html`.
    """
    folder, source = Path(folder), explanations.source
    done = set(explained_modules(folder, source))
    contrasts = explanations.switch_contrasts
    if contrasts is not None:
        write_table(folder / CONTRASTS, contrasts)
    else:
        (folder / CONTRASTS).unlink(missing_ok=True)
    write_text(folder / INDEX_PAGE, page)
    write_json(
        folder / INDEX,
        {
            "schema_version": SCHEMA_VERSION,
            **_about_fit(source),
            "isograph_version": version(),
            "switch_contrasts": None if contrasts is None else CONTRASTS,
            "page": INDEX_PAGE,
            "modules": _index_rows(source, done),
        },
    )
    return folder / INDEX_PAGE


def _index_rows(source: Source, done: set[str]) -> list[dict[str, Any]]:
    fit = source.fit
    summary = fit.summary.set_index("module_id")
    traits = closest_traits(fit.traits)
    rows = []
    for name, profile in source.profiles.items():
        known = summary.loc[name] if profile.kind == MODULE else None
        trait = traits.get(name)
        rows.append(
            {
                "module_id": name,
                "kind": profile.kind,
                "n_genes": len(profile.genes),
                "pvalue": None if known is None else known["pvalue"],
                "stability": None if known is None else known["stability"],
                "top_genes": None if known is None else known["top_genes"],
                "closest_trait": None if trait is None else trait["trait"],
                "r": None if trait is None else trait["r"],
                "qvalue": None if trait is None else trait["qvalue"],
                "folder": name if name in done else None,
            }
        )
    return rows


def closest_traits(traits: pd.DataFrame) -> dict[str, Any]:
    """The trait with the smallest p of each module and programme: its row of the trait table."""
    tested = traits.dropna(subset=["pvalue"]).sort_values(["pvalue", "trait"], kind="stable")
    best = tested.drop_duplicates("module_id")
    return {str(row["module_id"]): row for row in best.to_dict("records")}


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
