"""Features of the user's own, such as splicing events or junctions, told about beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.errors import OutputError, Problems
from isograph.explanation.usage import TranscriptUsage
from isograph.importers.reading import read_annotation, read_measured

_ID = "feature_id"


def read_own_features(
    table: Path, meta: Path, *, sample_ids: npt.NDArray[np.str_], genes: npt.NDArray[np.str_]
) -> tuple[TranscriptUsage, dict[str, Any]]:
    """Read a table of values and the gene of each of its rows.

    Args:
        table: `feature_id`, then one column a sample; parquet, TSV or CSV. Samples that it lacks
            are missing values, samples that the fit does not have are left out.
        meta: `feature_id`, `gene_id`; other columns are of no interest.
        sample_ids: of the fit, in order.
        genes: of the data set.

    Returns:
        The features of known genes, sorted by gene, then feature, in the form of transcript usage;
        and a record of what was read and what was left out.

    Raises:
        OutputError: lists everything that is wrong with either file.
    """
    problems = Problems()
    for path in (Path(table), Path(meta)):
        if not path.is_file():
            problems.add(str(path), "is not there", fix="name a parquet, TSV or CSV file")
    problems.raise_if_any(OutputError, "features of your own refused")
    measured = read_measured(Path(table), id_column=_ID, problems=problems)
    about = read_annotation(Path(meta), problems)
    lacking = [] if about is None else [c for c in (_ID, "gene_id") if c not in about.columns]
    if lacking:
        problems.add(Path(meta).name, "lacks columns", examples=lacking, count=len(lacking))
    headline = "features of your own refused"
    problems.raise_if_any(OutputError, headline)
    assert measured is not None
    assert about is not None
    ids = measured.ids.astype(str)
    where = Path(table).name
    for what, repeated in (
        (where, ids[ids.duplicated()]),
        (Path(meta).name, about.loc[about[_ID].duplicated(), _ID]),
    ):
        if len(repeated):
            problems.add(what, "features more than once", examples=repeated, count=len(repeated))
    gene = about.drop_duplicates(_ID).set_index(_ID)["gene_id"].reindex(ids)
    nameless = ids[gene.isna().to_numpy()]
    if len(nameless):
        fix = f"name the gene of each in {Path(meta).name}"
        problems.add(
            where, "features without gene", examples=nameless, count=len(nameless), fix=fix
        )
    column = {name: place for place, name in enumerate(measured.columns.astype(str))}
    if not any(name in column for name in sample_ids):
        problems.add(where, "no sample of the fit", examples=sample_ids, count=len(sample_ids))
    known = gene.isin(set(genes)).to_numpy()
    if not problems and not known.any():
        fix = f"name genes as the data set does: {', '.join(genes[:3])}"
        examples = gene.unique()
        problems.add(Path(meta).name, "no gene of the data set", examples=examples, fix=fix)
    problems.raise_if_any(OutputError, headline)
    values = np.full((len(ids), len(sample_ids)), np.nan)
    there = [place for place, name in enumerate(sample_ids) if name in column]
    values[:, there] = measured.values[:, [column[str(sample_ids[place])] for place in there]]
    gene_ids, names = gene.to_numpy(dtype=object), ids.to_numpy(dtype=object)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((names[rows].astype(str), gene_ids[rows].astype(str)))]
    usage = TranscriptUsage(
        names[rows].astype(np.str_), gene_ids[rows].astype(np.str_), values[rows]
    )
    elsewhere = sorted(names[~known].astype(str))
    return usage, {
        "file": where,
        "n_features": len(rows),
        "n_of_genes_not_in_data": len(elsewhere),
        "first_of_these": elsewhere[:3],
        "n_samples_missing": len(sample_ids) - len(there),
    }
