"""Whether usage shifts along a module in the direction and by the amount that were planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from isograph.bundle.model import Bundle
from isograph.explanation.groups import ends_of
from isograph.explanation.polarity import adjusted_ends
from isograph.explanation.usage import UsageReader
from isograph.features.design import intercept_only, residualise
from isograph.results.model import Fit

_LEAST_GENES = 3


@dataclass(frozen=True)
class ShiftScore:
    """Usage shifts of isoform 1 against the truth; None where undefined.

    Attributes:
        sign_right: share of assigned planted switching genes whose shift has the planted sign.
        correlation: Spearman's of |shift| with |planted effect|, where effects vary.
    """

    sign_right: float | None = None
    correlation: float | None = None


def shift_score(bundle: Bundle, fit: Fit) -> ShiftScore:
    """Compare the shift of isoform 1 between a module's upper and lower third with the truth.

    Which end of an eigengene is up is a convention: of each module the orientation counts in which
    more genes agree with the truth. Planted is a rise of isoform 1 with the module's latent unless
    `truth_effect` gives a sign.

    Args:
        bundle: a fixture.
        fit: of that bundle.
    """
    switch = bundle.tables.get("truth_switch")
    if switch is None or "transcript_counts" not in bundle.matrices:
        return ShiftScore()
    if "eigengenes" not in fit.tables or not len(fit.modules):
        return ShiftScore()
    genes = _judged_genes(bundle, fit, switch)
    parts = [
        part
        for module, group in genes.groupby("module_id")
        if len(part := _shifts_of(bundle, fit, str(module), group))
    ]
    if not parts:
        return ShiftScore()
    found = pd.concat(parts)
    right = float((found["right"] > 0).mean())
    if found["effect"].nunique() < _LEAST_GENES:
        return ShiftScore(sign_right=right)
    ranks = rankdata(found[["shift", "effect"]].abs().to_numpy(), axis=0)
    return ShiftScore(sign_right=right, correlation=float(np.corrcoef(ranks.T)[0, 1]))


def _judged_genes(bundle: Bundle, fit: Fit, switch: pd.DataFrame) -> pd.DataFrame:
    """Assigned switching genes: `gene_id`, `module_id`, planted `sign`, `effect`."""
    planted = bundle.tables["truth_module"].astype({"gene_id": str})["gene_id"]
    switching = set(switch.loc[switch["has_switch"].astype(bool), "gene_id"].astype(str))
    genes = fit.modules.loc[
        fit.modules["gene_id"].isin(switching & set(planted)), ["gene_id", "module_id"]
    ]
    effects = bundle.tables.get("truth_effect")
    if effects is None:
        return genes.assign(sign=1.0, effect=1.0)
    # a gene of two modules has an effect on each: that on the planted module which this one is
    planted_in = bundle.tables["truth_module"].set_index("gene_id")["module_id"]
    closest = genes["gene_id"].map(planted_in).groupby(genes["module_id"]).agg(_most_frequent)
    genes = genes.assign(planted=genes["module_id"].map(closest))
    keys = {"gene_id": "gene_id", "module_id": "planted"}
    here = genes.merge(effects.rename(columns=keys), on=list(keys.values()), how="left")
    first = effects.drop_duplicates("gene_id").set_index("gene_id")
    return here.assign(
        sign=here["sign"].fillna(here["gene_id"].map(first["sign"])),
        effect=here["effect"].fillna(here["gene_id"].map(first["effect"])),
    )


def _most_frequent(names: pd.Series[str]) -> str:
    """The most frequent name, the first of those in the order of names."""
    return str(names.value_counts().sort_index().idxmax())


def _shifts_of(bundle: Bundle, fit: Fit, module: str, genes: pd.DataFrame) -> pd.DataFrame:
    """`shift` of isoform 1 of each gene, `effect`, and `right`: positive where they agree."""
    row = fit.eigengenes.set_index("module_id").loc[module]
    kept = np.array([name for name in bundle.sample_ids if name in row.index])
    usage = UsageReader(bundle, kept).read(np.sort(genes["gene_id"].to_numpy(dtype=str)))
    rows = np.flatnonzero(_is_first(bundle, usage.transcript_ids, usage.gene_ids))
    share = usage.share[rows]
    rest = residualise(share, intercept_only(len(kept)))
    high, low = adjusted_ends(share, rest, ends_of(row[list(kept)].to_numpy(dtype=np.float64)))
    shift = pd.Series(high - low, index=usage.gene_ids[rows])
    found = genes.assign(shift=genes["gene_id"].map(shift)).dropna(subset=["shift"])
    right = np.sign(found["shift"] * found["sign"])
    return found.assign(right=right if right.sum() >= 0 else -right)


def _is_first(
    bundle: Bundle, transcripts: npt.NDArray[np.str_], genes: npt.NDArray[np.str_]
) -> npt.NDArray[np.bool_]:
    """Whether each transcript is isoform 1: the first of its gene in the bundle."""
    table = bundle.tables["transcript"]
    first = table.groupby(table["gene_id"].astype(str))["transcript_id"].first()
    is_first: npt.NDArray[np.bool_] = (
        first.reindex(pd.Index(genes)).to_numpy(dtype=str) == transcripts
    )
    return is_first
