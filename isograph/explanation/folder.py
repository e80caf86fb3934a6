"""Explanations as folders: one a module, each written whole or not at all, and an index above."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.source import MODULE, Source
from isograph.explanation.target import (
    CONTRASTS,
    INDEX,
    INDEX_PAGE,
    MANIFEST,
    PAGE,
    explained_modules,
)
from isograph.files import (
    SCHEMA_VERSION,
    atomic_folder,
    hash_table,
    sha256_file,
    write_bytes,
    write_json,
    write_table,
    write_text,
)
from isograph.provenance import git_state, version


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
