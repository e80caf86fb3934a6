"""The sample sheet beside the quantified samples: who is missing, donors, ordered levels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.tables import from_frame, normalise, to_frame
from isograph.errors import Problems
from isograph.importers.sheets.mismatch import mismatch_hint
from isograph.importers.sheets.sample_sheet import Sheet, finding

Ints = npt.NDArray[np.int64]

_DONOR = r"(donor|subject|patient|individual|participant)(id)?"


@dataclass(frozen=True)
class Aligned:
    """Samples that are both quantified and in the sheet, in the order of the quantified ones.

    Attributes:
        frame: rows of the sheet, `sample_id` first; the block column and ordered columns are text.
        kept: place of each row among the quantified samples, shape (n_samples,).
        only_in_files: quantified samples that the sheet lacks.
        only_in_sheet: samples of the sheet that are not quantified.
        block: column that names the donor of each sample, if there is one.
        ordered: levels by column, from the lowest to the highest.
        provenance: `block`, `n_blocks`, `n_in_repeated_blocks` and `ordered_levels` (JSON) for the
            bundle, where they apply.
        findings: what was noticed, as `Sheet.findings`.
    """

    frame: pd.DataFrame
    kept: Ints
    only_in_files: tuple[str, ...]
    only_in_sheet: tuple[str, ...]
    block: str | None
    ordered: Mapping[str, tuple[str, ...]]
    provenance: Mapping[str, str]
    findings: tuple[dict[str, Any], ...]


def align(
    sheet: Sheet,
    sample_ids: Sequence[str] | npt.NDArray[np.str_],
    problems: Problems,
    *,
    allow_missing: bool = False,
    block: str | None = None,
    ordered: Mapping[str, Sequence[str]] | None = None,
) -> Aligned | None:
    """Put the rows of a sheet in the order of the quantified samples.

    Args:
        sheet: from `read_sample_sheet`.
        sample_ids: of the quantified samples, no two alike, shape (n_samples,).
        problems: collects what is wrong.
        allow_missing: leave out samples that are in one place only; else they are problems.
        block: column that names the donor, where a donor has several samples.
        ordered: levels from the lowest to the highest, by column.

    Returns:
        The samples of both; None, with the reasons noted, if they do not fit.
    """
    n_before, findings = len(problems.found), list[dict[str, Any]]()
    quantified = pd.Index([str(one) for one in sample_ids], dtype=object)
    ids = pd.Index(sheet.frame[SAMPLE_ID])
    kept = np.flatnonzero(quantified.isin(ids)).astype(np.int64)
    in_files = tuple(quantified[~quantified.isin(ids)])
    in_sheet = tuple(ids[~ids.isin(quantified)])
    _absent(sheet, quantified, in_files, in_sheet, problems, findings, allow=allow_missing)
    rows = sheet.frame.iloc[ids.get_indexer(quantified[kept])].reset_index(drop=True)
    levels = {name: tuple(str(one) for one in steps) for name, steps in (ordered or {}).items()}
    text = [name for name in (block, *levels) if name is not None and name in rows]
    arrow = from_frame(rows, sheet.source.name, problems)
    rows = to_frame(
        normalise(arrow, text={SAMPLE_ID, *text}, where=sheet.source.name, problems=problems)
    )
    provenance: dict[str, str] = {}
    if block is not None:
        provenance |= _blocks(rows, block, sheet.source.name, problems, findings)
    else:
        _note_donors(rows, findings)
    for name, steps in levels.items():
        _check_levels(rows, name, steps, sheet.source.name, problems, findings)
    if levels:
        provenance["ordered_levels"] = json.dumps(levels, ensure_ascii=False, sort_keys=True)
    if len(problems.found) > n_before:
        return None
    return Aligned(
        frame=rows,
        kept=kept,
        only_in_files=in_files,
        only_in_sheet=in_sheet,
        block=block,
        ordered=levels,
        provenance=provenance,
        findings=tuple(findings),
    )


def _absent(
    sheet: Sheet,
    quantified: pd.Index[Any],
    in_files: tuple[str, ...],
    in_sheet: tuple[str, ...],
    problems: Problems,
    findings: list[dict[str, Any]],
    *,
    allow: bool,
) -> None:
    """List samples of one place; nothing in common is a problem even where some may be missing."""
    where, fix = sheet.source.name, mismatch_hint(sheet, quantified)
    if len(in_files) == len(quantified):
        what = f"has none of the {len(quantified)} quantified samples in {sheet.id_column!r}"
        pairs = zip(sheet.frame[SAMPLE_ID], quantified, strict=False)
        shown = [f"sheet {mine} | files {other}" for mine, other in pairs]
        problems.add(where, what, examples=shown[:3], count=len(in_files), fix=fix)
        return
    default = "name the same samples in both, or --allow-missing leaves them out"
    for kind, what, found in (
        ("only_in_files", "lacks quantified samples", in_files),
        ("only_in_sheet", "samples that were not quantified", in_sheet),
    ):
        if found and allow:
            findings.append(finding(kind, len(found), found, "left out"))
        elif found:
            problems.add(where, what, examples=found, count=len(found), fix=fix or default)


def _blocks(
    rows: pd.DataFrame,
    block: str,
    where: str,
    problems: Problems,
    findings: list[dict[str, Any]],
) -> dict[str, str]:
    """Check the column of donors and count them, for the bundle's provenance."""
    if block not in rows or block == SAMPLE_ID:
        names = list(rows.columns.drop(SAMPLE_ID))
        fix = "--block takes one of its columns"
        problems.add(where, f"has no column {block!r} for blocks", examples=names, fix=fix)
        return {}
    missing = rows.loc[rows[block].isna(), SAMPLE_ID].tolist()
    if missing:
        fix = "give each a donor, one of its own if need be"
        what = f"samples without a {block}"
        problems.add(where, what, examples=missing, count=len(missing), fix=fix)
    sizes = rows[block].value_counts()
    sizes = sizes[sizes > 1].sort_index()
    if len(sizes):
        shown = [f"{name} ({n} samples)" for name, n in sizes.items()]
        action = f"samples of one {block} count as a block"
        findings.append(finding("repeated_donors", len(sizes), shown, action))
    else:
        action = "blocks change nothing: every sample is one of its own"
        findings.append(finding("no_repeated_donors", len(rows), [], action))
    return {
        "block": block,
        "n_blocks": str(rows[block].nunique()),
        "n_in_repeated_blocks": str(int(sizes.sum())),
    }


def _note_donors(rows: pd.DataFrame, findings: list[dict[str, Any]]) -> None:
    """A column that is called like donors and repeats itself should have been a block."""
    for name in rows.columns.drop(SAMPLE_ID):
        known = rows[name].dropna()
        called = re.fullmatch(_DONOR, re.sub(r"[^a-z0-9]", "", str(name).lower()))
        if called and 2 < known.nunique() < len(known):
            sizes = known.astype(str).value_counts()
            shown = [f"{one} ({n} samples)" for one, n in sizes[sizes > 1].sort_index().items()]
            action = f"taken for independent samples: --block {name} respects them"
            findings.append(finding("unnamed_blocks", len(shown), shown, action))


def _check_levels(
    rows: pd.DataFrame,
    name: str,
    steps: tuple[str, ...],
    where: str,
    problems: Problems,
    findings: list[dict[str, Any]],
) -> None:
    """Every value of an ordered column is one of its levels."""
    if name not in rows or name == SAMPLE_ID:
        names = list(rows.columns.drop(SAMPLE_ID))
        problems.add(where, f"has no column {name!r} to order", examples=names)
        return
    if len(set(steps)) != len(steps) or len(steps) < 2:
        fix = "name two levels at least, each once, from low to high"
        problems.add(f"ordered levels of {name}", "are no order", examples=steps, fix=fix)
        return
    values = rows[name].dropna()
    unknown = sorted(set(values) - set(steps))
    if unknown:
        what = f"values of {name} that are none of its levels"
        fix = f"levels are {', '.join(steps)}"
        problems.add(where, what, examples=unknown, count=len(unknown), fix=fix)
    unused = [one for one in steps if one not in set(values)]
    if unused and not unknown:
        shown = [f"{name}: {one}" for one in unused]
        findings.append(finding("unused_levels", len(unused), shown, "kept in the order"))
