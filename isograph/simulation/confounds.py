"""Properties of samples that shift isoform usage without being biology, and are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.simulation.streams import Streams

Floats = npt.NDArray[np.float64]

ConfoundKind = Literal["rna_degradation", "cell_composition", "batch", "library_depth"]

COLUMNS: dict[ConfoundKind, str] = {
    "rna_degradation": "RIN",
    "cell_composition": "neuron_fraction",
    "batch": "batch",
    "library_depth": "log_depth",
}
"""Column of the sample table in which each confound is recorded."""


@dataclass(frozen=True)
class Confound:
    """What shifts the logit of isoform 1's share, gene by gene.

    Attributes:
        kind: which property of the samples does it.
        size: `rna_degradation`: the logit loses size · |N(0, 1)| per gene × max(0, −z(RIN));
            `cell_composition`: standard deviation of the neuron fraction; `batch`: standard
            deviation of the shift of each gene and batch; `library_depth`: not used, since the
            scenario's depth itself varies more.
        background: background genes show it too, not those of modules alone.
        rin_mean: mean RNA integrity number.
        rin_sd: its standard deviation.
        fraction_mean: mean neuron fraction before it is clipped.
        fraction_bounds: to which it is clipped.
        fraction_weight: a gene's shift is this · N(0, 1) × the centred neuron fraction.
        n_batches: number of batches, of equal size.
    """

    kind: ConfoundKind
    size: float
    background: bool = False
    rin_mean: float = 7.5
    rin_sd: float = 1.2
    fraction_mean: float = 0.5
    fraction_bounds: tuple[float, float] = (0.05, 0.95)
    fraction_weight: float = 4.0
    n_batches: int = 4


def standardised(values: Floats) -> Floats:
    """Values along the last axis less their mean, over their population standard deviation.

    Constant values become zeros.
    """
    centred = values - values.mean(axis=-1, keepdims=True)
    sd = centred.std(axis=-1, keepdims=True)
    scaled: Floats = np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0)
    return scaled


def record_confound(
    streams: Streams, *, samples: pd.DataFrame, log_depth: Floats, confound: Confound
) -> pd.DataFrame:
    """Draw the property and add it to the sample table.

    Args:
        streams: the fixture's streams; step `confound/samples`.
        samples: the sample table.
        log_depth: natural log of each sample's depth, shape (n_samples,).
        confound: what shifts usage.

    Returns:
        A copy with one more column: `RIN`, `neuron_fraction`, `batch` (`B1`, …; in random order,
        related to nothing) or `log_depth`.
    """
    rng, n = streams.rng("confound/samples"), len(samples)
    drawn: npt.NDArray[Any]
    match confound.kind:
        case "rna_degradation":
            drawn = np.round(confound.rin_mean + confound.rin_sd * rng.standard_normal(n), 2)
        case "cell_composition":
            fraction = confound.fraction_mean + confound.size * rng.standard_normal(n)
            drawn = np.round(np.clip(fraction, *confound.fraction_bounds), 4)
        case "batch":
            names = [f"B{number}" for number in range(1, confound.n_batches + 1)]
            drawn = np.array(names, dtype=object)[rng.permutation(n) % confound.n_batches]
        case "library_depth":
            drawn = log_depth
    return samples.assign(**{COLUMNS[confound.kind]: drawn})


def draw_confound(
    streams: Streams, *, samples: pd.DataFrame, n_genes: int, confound: Confound
) -> Floats:
    """Draw what each gene's logit gains in each sample.

    Args:
        streams: the fixture's streams; step `confound/genes`.
        samples: the sample table of `record_confound`.
        n_genes: number of genes.
        confound: what shifts usage.

    Returns:
        Shifts of the logit of isoform 1's share, shape (n_genes, n_samples).
    """
    rng = streams.rng("confound/genes")
    column = samples[COLUMNS[confound.kind]]
    if confound.kind == "batch":
        shift = confound.size * rng.standard_normal((n_genes, confound.n_batches))
        batch = column.str.slice(1).to_numpy(dtype=np.int64) - 1
        return shift[:, batch]
    weight = rng.standard_normal(n_genes)
    value = column.to_numpy(dtype=np.float64)
    if confound.kind == "rna_degradation":
        return -confound.size * np.outer(np.abs(weight), np.maximum(0.0, -standardised(value)))
    if confound.kind == "cell_composition":
        return confound.fraction_weight * np.outer(weight, value - value.mean())
    return np.outer(weight, value)
