"""Quality control as a folder: tables, `qc.json` and one page, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from isograph.errors import OutputError, Problems
from isograph.files import SCHEMA_VERSION, atomic_folder, write_json, write_table, write_text
from isograph.provenance import git_state, package_versions, version
from isograph.quality import outliers, sex, similarity, warnings
from isograph.quality.confounding import LEAST_Q, LEAST_STRENGTH
from isograph.quality.model import Check, Quality

RECORD, PAGE = "qc.json", "qc.html"


def check_quality_target(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder whose content would be lost; call it before any work is done.

    A former quality control is replaced; other files in the way need `overwrite`. A folder that
    holds folders, a data set, the current or the home folder is never replaced.

    Raises:
        OutputError: says what is in the way.
    """
    folder = Path(folder)
    target, problems = folder.resolve(), Problems()
    for name, place in (("current", Path.cwd()), ("home", Path.home())):
        if place.resolve().is_relative_to(target):
            problems.add(str(folder), f"holds the {name} folder", fix="name a folder of its own")
    above = next(place for place in (target, *target.parents) if place.exists())
    if not above.is_dir():
        problems.add(str(above), "is a file", fix="name a folder")
    elif not os.access(above, os.W_OK | os.X_OK):
        problems.add(str(above), "cannot be written to", fix="name a folder of your own")
    elif target.is_dir() and not problems:
        names = sorted(entry.name for entry in target.iterdir())
        kept = [name for name in names if name == "manifest.json" or (target / name).is_dir()]
        if kept:
            problems.add(
                str(folder),
                "holds a data set or folders, which quality control never replaces",
                examples=kept,
                count=len(kept),
                fix="choose another folder",
            )
        elif names and RECORD not in names and not overwrite:
            problems.add(
                str(folder),
                "holds files that no quality control wrote",
                examples=names,
                count=len(names),
                fix="choose another folder, or pass --overwrite to replace it whole",
            )
    problems.raise_if_any(OutputError, "quality control cannot be written there")


def write_quality(quality: Quality, folder: Path, *, overwrite: bool = False) -> Path:
    """Write tables, record and page.

    Args:
        quality: what was found.
        folder: made, or replaced if it holds a former quality control.
        overwrite: replace a folder that holds other files.

    Returns:
        The page.

    Raises:
        OutputError: the folder holds something else.
    """
    # pictures are slow to load
    from isograph.quality.page import quality_page

    folder = Path(folder)
    check_quality_target(folder, overwrite=overwrite)
    page = quality_page(quality)
    with atomic_folder(folder) as work:
        for name, table in quality.tables.items():
            write_table(work / f"{name}.parquet", table)
        write_json(work / RECORD, quality_record(quality))
        write_text(work / PAGE, page)
    return folder / PAGE


def quality_record(quality: Quality) -> dict[str, Any]:
    """`qc.json`: what was found in words and numbers, and what made it."""
    study = quality.study
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "bundle": {"name": quality.name, "content_hash": quality.content_hash},
        "covariates": study.covariates,
        "traits": None if study.traits is None else list(study.traits),
        "categorical": list(study.categorical),
        "assay": quality.assay or None,
        **quality.facts,
        "flagged_samples": list(quality.flagged),
        "flag_counts": flag_counts(quality),
        "flags": [
            {"sample_id": f.sample_id, "check": str(f.check), "reason": f.reason}
            for f in quality.flags
        ],
        "warnings": list(quality.warnings),
        "notes": list(quality.notes),
        "not_told": dict(quality.untold),
        "sex_column": quality.sex_column,
        "donors": None if quality.donors is None else vars(quality.donors),
        "columns": [
            {"name": c.name, "kind": str(c.trait.kind), "role": str(c.role)}
            for c in quality.columns
        ],
        "unusable_columns": [{"name": name, "reason": reason} for name, reason in quality.unusable],
        "thresholds": thresholds(),
        "content_hash": quality.result_hash,
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
    }


def flag_counts(quality: Quality) -> dict[str, int]:
    """Flags by check, every check named."""
    found = [flag.check for flag in quality.flags]
    return {str(check): found.count(check) for check in Check}


def thresholds() -> dict[str, Any]:
    """Every number that decides about a flag or a warning."""
    return {
        "robust_z": outliers.Z_LIMIT,
        "least_difference": {str(k): v for k, v in outliers.LEAST_DIFFERENCE.items()},
        "least_samples": outliers.LEAST_SAMPLES,
        "typical_r": outliers.TYPICAL_R,
        "near_identical_r": similarity.NEAR_IDENTICAL,
        "sex_high_log2_cpm": sex.HIGH,
        "sex_low_log2_cpm": sex.LOW,
        "sex_margin_log2": sex.MARGIN,
        "association_strength": LEAST_STRENGTH,
        "association_q": LEAST_Q,
        "variance_inflation": warnings.MOST_INFLATION,
    }
