"""Quality control as a folder: tables, `qc.json` and one page, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isograph.files import SCHEMA_VERSION, atomic_folder, write_json, write_table, write_text
from isograph.provenance import git_state, package_versions, version
from isograph.quality import outliers, sex, similarity, warnings
from isograph.quality.confounding import LEAST_Q, LEAST_STRENGTH
from isograph.quality.model import Check, Quality
from isograph.targets import check_target

RECORD, PAGE = "qc.json", "qc.html"


def check_quality_target(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder whose content would be lost, see `isograph.targets`.

    Raises:
        OutputError: says what is in the way.
    """
    check_target(folder, result="quality control", record=RECORD, overwrite=overwrite)


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
