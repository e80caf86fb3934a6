"""Genes that follow a second module besides their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.communities.partition import Partition
from isograph.features.model import FeatureSet
from isograph.modules.eigengenes import Eigengenes
from isograph.network.significance import correlation_pvalue

Floats = npt.NDArray[np.float64]

_CHUNK = 4096


def module_overlaps(
    features: FeatureSet,
    partition: Partition,
    eigengenes: Eigengenes,
    *,
    module_ids: npt.NDArray[np.str_],
    fwer: float,
    least_r: float,
) -> pd.DataFrame:
    """Further modules of assigned genes.

    A gene follows another module if the part of one of its features that its own module's
    eigengene does not explain correlates with the part of the other's eigengene that its own
    does not explain (partial correlation). Modules whose eigengenes correlate do not overlap for
    that alone. And the feature must correlate with the other as it is, in the same sense: in a
    small module one gene's second factor is part of the eigengene, and what that leaves of the
    other genes runs against it.

    Args:
        features: those that modules were found in.
        partition: the modules.
        eigengenes: of the modules.
        module_ids: one a module.
        fwer: family-wise level over all genes, features and modules.
        least_r: correlation, partial or not, below which a link is not worth telling.

    Returns:
        `gene_id`, `module_id`, `r` (partial, of the gene's feature that shows it best), `pvalue`;
        sorted by gene, then module.
    """
    columns = ["gene_id", "module_id", "r", "pvalue"]
    n_modules = partition.n_modules
    rows = np.flatnonzero(partition.labels[features.gene_of] >= 0)
    if n_modules < 2 or len(rows) == 0:
        return pd.DataFrame(columns=columns)
    n = features.n_samples
    profiles = eigengenes.values / np.sqrt(np.mean(eigengenes.values**2, axis=1))[:, None]
    between = np.clip(profiles @ profiles.T / n, -1.0, 1.0)
    df: Floats | float = float(max(features.df_residual - 1, 1))
    dependence = features.dependence
    level = fwer / (len(rows) * (n_modules - 1))
    parts = []
    for start in range(0, len(rows), _CHUNK):
        block = rows[start : start + _CHUNK]
        own = partition.labels[features.gene_of[block]]
        r = features.values[block] @ profiles.T / n
        with_own = np.take_along_axis(r, own[:, None], axis=1)
        cross = between[own]
        left = np.maximum((1 - with_own**2) * (1 - cross**2), 1e-12)
        partial = np.clip((r - with_own * cross) / np.sqrt(left), -1.0, 1.0)
        np.put_along_axis(partial, own[:, None], 0.0, axis=1)
        if dependence is not None:
            own_share = features.block_share[block][:, None]
            df = np.maximum(dependence.df(own_share, dependence.share(profiles)) - 1, 1.0)
        p = correlation_pvalue(partial, df)
        clear = np.minimum(np.abs(partial), r * np.sign(partial)) >= least_r
        found, module = np.nonzero((p <= level) & clear)
        parts.append(
            pd.DataFrame(
                {
                    "gene": features.gene_of[block][found],
                    "module": module,
                    "r": partial[found, module],
                    "pvalue": p[found, module],
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values(["gene", "module", "pvalue"], kind="stable")
    frame = frame.drop_duplicates(["gene", "module"], ignore_index=True)
    frame["gene_id"] = features.gene_ids[frame["gene"].to_numpy(dtype=np.int64)]
    frame["module_id"] = module_ids[frame["module"].to_numpy(dtype=np.int64)]
    return frame[columns]
