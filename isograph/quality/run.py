"""Quality control of a cohort, from its bundle to everything that is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import Problem, StudyError
from isograph.files import to_arrow
from isograph.machine import one_thread
from isograph.progress import Steps
from isograph.quality.associations import component_associations
from isograph.quality.columns import study_columns
from isograph.quality.confounding import column_pairs
from isograph.quality.findings import Findings
from isograph.quality.likeness import compare
from isograph.quality.model import Check, Quality, Role, SampleColumn
from isograph.quality.samples import look_at_samples
from isograph.quality.tables import (
    ASSOCIATIONS,
    PAIRS,
    RESERVED,
    components_table,
    correlation_table,
    flags_table,
    samples_table,
)
from isograph.quality.warnings import asked_pairs, joint_warnings, pair_in_words, warned_pairs
from isograph.study import Study

_CHECK_ORDER = tuple(Check)


def assess_quality(bundle: Bundle, *, study: Study, steps: Steps | None = None) -> Quality:
    """Look at every sample and every sample column of a cohort; nothing is dropped.

    Covariates are not taken out of anything here: quality control looks at the data as they are.
    The order of samples, genes and transcripts changes nothing.

    Args:
        bundle: transcript counts, gene counts or gene expression; what others lack is told.
        study: gives `traits`, `covariates` and `categorical`.
        steps: where to show progress.

    Returns:
        Samples with their numbers and flags, and sample columns with warnings.

    Raises:
        StudyError: columns that the sample table does not have, a formula that cannot be read, a
            named trait that cannot be tested, or a sample named like a column of the results.
    """
    steps = steps or Steps()
    order = np.argsort(bundle.sample_ids, kind="stable")
    samples = bundle.samples.iloc[order].reset_index(drop=True)
    found = Findings(bundle.sample_ids[order], samples)
    _refuse_names(found.ids, bundle.name)
    columns, unusable = study_columns(samples, study=study, provenance=bundle.provenance)
    found.columns["sample_id"] = found.ids.astype(object)
    found.facts["samples"] = len(samples)
    with one_thread():
        with steps.step("samples") as note:
            values = look_at_samples(bundle, order, found)
            note.result = f"{len(samples):,} samples, {found.assay or 'no abundance'}"
        with steps.step("likeness") as note:
            compare(bundle, values, found, study=study)
            note.result = f"{len(values):,} genes"
        with steps.step("sample columns") as note:
            columns = (*columns, *found.measured)
            warnings = _look_at_columns(columns, study, found)
            note.result = f"{len(found.tables['column_pairs']):,} pairs"
    return _quality(bundle, study, columns, unusable, warnings, found)


def _refuse_names(ids: npt.NDArray[np.str_], name: str) -> None:
    taken = sorted(set(ids.tolist()) & RESERVED)
    if taken:
        problem = Problem(
            "sample_id",
            "named like a column of the results",
            tuple(taken),
            len(taken),
            "rename these samples",
        )
        raise StudyError(f"samples of {name} refused", [problem])


def _look_at_columns(
    columns: Sequence[SampleColumn], study: Study, found: Findings
) -> tuple[str, ...]:
    """Components against columns, columns against columns; the warnings, in words."""
    tests = pd.DataFrame(columns=ASSOCIATIONS.names)
    if found.components is not None:
        tests = component_associations(found.components, columns, found.samples)
    found.tables["component_associations"] = to_arrow(tests, ASSOCIATIONS)
    pairs = column_pairs(columns, found.ids.tolist())
    pairs["warned"] = warned_pairs(pairs, asked_pairs(pairs, columns, study=study))
    found.tables["column_pairs"] = to_arrow(pairs, PAIRS)
    named = any(column.role in (Role.TRAIT, Role.COVARIATE) for column in columns)
    # the gravest first
    shown = pairs[pairs["warned"]].sort_values(
        ["relation", "strength"], key=_gravity, kind="stable"
    )
    told = [
        pair_in_words({str(k): v for k, v in row.items()}, named=named)
        for row in shown.to_dict("records")
    ]
    joint, why = joint_warnings(found.samples, columns, study=study)
    if why:
        found.untold["covariates_together"] = why
    if named:
        return (*joint, *told)
    found.notes += told
    return ()


def _gravity(values: pd.Series[Any]) -> pd.Series[Any]:
    """Sorts pairs that determine each other first, then by falling strength."""
    return values == "" if values.name == "relation" else -values.astype(float)


def _quality(
    bundle: Bundle,
    study: Study,
    columns: tuple[SampleColumn, ...],
    unusable: tuple[tuple[str, str], ...],
    warnings: tuple[str, ...],
    found: Findings,
) -> Quality:
    found.flags.sort(key=lambda flag: (flag.sample_id, _CHECK_ORDER.index(flag.check)))
    by_sample: dict[str, list[str]] = {}
    for flag in found.flags:
        by_sample.setdefault(flag.sample_id, []).append(str(flag.check))
    found.columns["flags"] = [", ".join(by_sample.get(str(i), [])) or None for i in found.ids]
    n = len(found.ids)
    place = found.columns.get("cluster_place", np.arange(n))
    tables = {
        "sample_quality": samples_table(found.columns, n),
        "flags": flags_table(found.flags),
        "similar_pairs": found.tables["similar_pairs"],
        "sample_correlation": correlation_table(found.ids, found.r),
        "components": components_table(found.ids, found.components),
        "component_associations": found.tables["component_associations"],
        "column_pairs": found.tables["column_pairs"],
    }
    return Quality(
        name=bundle.name,
        content_hash=bundle.content_hash,
        assay=found.assay,
        study=study,
        columns=columns,
        unusable=unusable,
        tables=tables,
        flags=tuple(found.flags),
        correlation=found.r,
        order=np.argsort(place, kind="stable"),
        components=found.components,
        sex_column=found.sex_column,
        donors=found.donors,
        warnings=warnings,
        notes=tuple(found.notes),
        untold=dict(found.untold),
        facts=dict(found.facts),
    )
