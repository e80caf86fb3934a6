"""The samples of a cohort beside each other: likeness, copies, outliers."""

from __future__ import annotations

import numpy as np

from isograph.bundle.model import Bundle
from isograph.quality import abundance, outliers, similarity
from isograph.quality.donors import compare_donors
from isograph.quality.findings import Findings
from isograph.quality.model import Check, Flag, Floats
from isograph.quality.tables import similar_table
from isograph.study import Study


def compare(bundle: Bundle, values: Floats, found: Findings, *, study: Study) -> None:
    """Likeness of samples, and outliers in everything that has a number by now."""
    n_genes, n = values.shape
    near = similarity.no_pairs()
    found.facts["typical_r"] = None
    if n < abundance.LEAST_SAMPLES:
        found.untold["correlation"] = f"{n} samples; three are needed to compare them"
    elif n_genes < abundance.LEAST_GENES:
        found.untold.setdefault(
            "correlation",
            f"{n_genes} genes are expressed; {abundance.LEAST_GENES} are needed to compare samples",
        )
    else:
        made = similarity.compare_samples(values)
        found.r, found.components = made.r, made.components
        median = similarity.median_with_others(made.r)
        place = np.empty(n, dtype=np.int64)
        place[similarity.cluster_order(made.r)] = np.arange(n)
        found.columns |= {"median_r": median, "cluster_place": place}
        found.columns["distance"] = made.distance
        found.columns["connectivity_z"] = similarity.connectivity_z(made.r)
        found.facts["typical_r"] = float(np.median(median))
        near = similarity.near_identical(made.r, values)
        found.donors = compare_donors(bundle, found.samples, made.centred, study=study)
    found.tables["similar_pairs"] = similar_table(found.ids, near.pairs, near.r, near.identical)
    found.facts["similar_pair_limit"] = near.limit
    _flag_duplicates(near, found)
    _flag_outliers(found)


def _flag_duplicates(near: similarity.NearPairs, found: Findings) -> None:
    """One flag a sample, with its closest partner."""
    partners: dict[int, list[tuple[int, float, bool]]] = {}
    rows = zip(near.pairs.tolist(), near.r.tolist(), near.identical.tolist(), strict=True)
    for (one, two), r, same in rows:
        partners.setdefault(one, []).append((two, r, same))
        partners.setdefault(two, []).append((one, r, same))
    for i, others in partners.items():
        j, r, same = others[0]
        told = "has the very values of" if same else f"is nearly identical (r = {r:.5f}) to"
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        words = f"{told} {found.ids[j]}{more}: copied, or one sample twice?"
        found.flags.append(Flag(str(found.ids[i]), Check.DUPLICATE, r, np.nan, words))


def _flag_outliers(found: Findings) -> None:
    n = len(found.ids)
    if n < outliers.LEAST_SAMPLES:
        why = f"{n} samples; {outliers.LEAST_SAMPLES} are needed to say what is unusual"
        found.untold["outliers"] = why
        return
    typical = found.facts["typical_r"]
    for check, column in outliers.MEASURED.items():
        values = found.columns.get(column)
        if values is None:
            continue
        if check == Check.CORRELATION and typical is not None and typical < outliers.TYPICAL_R:
            found.untold["correlation_outliers"] = (
                f"samples typically correlate by {typical:.2f} only, so that they share no profile "
                "to fall away from; the distance was looked at"
            )
            continue
        z = outliers.measured_z(check, values)
        found.columns[f"{check}_z"] = z
        found.flags += outliers.outlier_flags(check, found.ids, values, z)
