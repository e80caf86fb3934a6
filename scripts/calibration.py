"""Calibration of module p and of membership: the figures and the picture of docs/calibration.md.

    OMP_NUM_THREADS=1 python scripts/calibration.py --dataset-path BUNDLE

writes `artifacts/reports/null.json` and `docs/images/calibration.png`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import isograph
from isograph.backends import get_backend
from isograph.config import FitSettings
from isograph.evaluation.agreement import best_match
from isograph.evaluation.labels import module_labels
from isograph.evaluation.null import (
    NullProgress,
    NullResult,
    Share,
    null_draw,
    permuted_null,
    share_of,
)
from isograph.evaluation.null_plots import null_picture
from isograph.files import atomic_file, write_json

NULL = "negative_control_noise-noise0.50"
TRUTH = (
    "small_n-n30",
    "small_n-n40",
    "small_n-n50",
    "weak-noise1.5",
    "noisy_v1",
    "noisy_multiplex_v1",
    "realistic_unequal_v1",
    "ambiguity-share0.50",
)
SEEDS = (7, 8, 9)
_BINS = np.linspace(0, 1, 6)


def simulated_null(n: int) -> NullResult:
    """As `permuted_null`, over data sets that are simulated without modules."""
    backend = get_backend("calibrated")
    own = backend.settings()
    draws = []
    for seed in range(n):
        bundle = isograph.simulate(NULL, seed=seed)
        features = isograph.study_features(bundle)
        draws.append(null_draw(features, backend=backend, settings=FitSettings(), own=own))
    return NullResult(
        name=NULL,
        content_hash="",
        backend="calibrated",
        n_genes=len(features.gene_ids),
        n_features=features.n_features,
        n_samples=features.n_samples,
        seed=0,
        draws=tuple(draws),
    )


def members() -> pd.DataFrame:
    """`dataset`, `membership` and `right` of every assigned gene of the data sets with truth.

    A gene is right if the planted module that best matches its module is its own; background
    genes never are.
    """
    parts = []
    for name in TRUTH:
        for seed in SEEDS:
            bundle = isograph.simulate(name, seed=seed)
            modules = isograph.fit(bundle).modules
            genes = np.unique(bundle.gene_ids)
            planted = module_labels(bundle.tables["truth_module"], genes)
            found = module_labels(modules, genes)
            # the planted module closest to each found one
            closest, _ = best_match(found, planted)
            right = (planted == np.append(closest, -1)[found]) & (planted >= 0)
            place = np.searchsorted(genes, modules["gene_id"].to_numpy(dtype=str))
            parts.append(
                pd.DataFrame(
                    {
                        "dataset": name,
                        "membership": modules["membership"].to_numpy(dtype=float),
                        "right": right[place],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True).dropna()


def binned(genes: pd.DataFrame) -> list[tuple[float, float, Share]]:
    """Fifths of membership with the genes in their right module; empty bins are left out."""
    index = np.clip(np.digitize(genes["membership"], _BINS[1:-1], right=False), 0, 4)
    right = genes["right"].to_numpy(dtype=bool)
    return [
        (_BINS[k], _BINS[k + 1], share_of(int(right[index == k].sum()), int((index == k).sum())))
        for k in range(5)
        if (index == k).any()
    ]


def _record(genes: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"from": low, "to": high, **share._asdict(), "share": share.share}
        for low, high, share in binned(genes)
    ]


def _show(progress: NullProgress) -> None:
    if progress.done % 50 == 0:
        print(
            f"  {progress.done} permutations, {progress.seconds_left:.0f} s left", file=sys.stderr
        )


def main() -> None:
    """Make the report and the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset-path", type=Path, required=True, help="the cohort to permute")
    parser.add_argument("--name", default="permuted cohort", help="its name in the picture")
    parser.add_argument("--draws", type=int, default=300, help="data sets each (default: 300)")
    options = parser.parse_args()
    real = permuted_null(options.dataset_path, n_permutations=options.draws, report=_show)
    simulated = simulated_null(options.draws)
    genes = members()
    report = {
        "permuted": real.as_record(),
        "simulated": simulated.as_record(),
        "membership": {
            "data_sets": list(TRUTH),
            "seeds": list(SEEDS),
            "bins": _record(genes),
            "by_data_set": {name: _record(own) for name, own in genes.groupby("dataset")},
        },
    }
    write_json(Path("artifacts/reports/null.json"), report)
    series = {options.name: real.smallest_p, "simulated noise": simulated.smallest_p}
    with atomic_file(Path("docs/images/calibration.png")) as work:
        work.write_bytes(null_picture(series, membership=binned(genes)))
    for result in (real, simulated):
        print(result.name, result.with_modules, f"edges {result.edge_ratio:.3f}")
        print({a: round(s.share, 4) for a, s in result.calibration().items()})
        print("searches", sum(draw.searched for draw in result.draws))
    print([(f"{low:.1f}–{high:.1f}", share) for low, high, share in binned(genes)])


if __name__ == "__main__":
    main()
