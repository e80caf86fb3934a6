"""What the model is trained on: one row a sample, with the entries that count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isograph.backends.vae.heldout import without_leak


@dataclass(frozen=True)
class TrainingData:
    """Standardised features on the device of training, float32.

    Attributes:
        x: orthogonal to the design over entries seen (`without_leak`), 0 where not observed,
            shape (n_samples, n_features).
        visible: `x` with 0 where held out: all that training sees, same shape.
        is_held, is_seen: True where held out, and where training may look; same shape.
        counts: training entries of each feature, shape (n_features,).
        share: share of the features in training in each sample, shape (n_samples, 1).
    """

    x: Tensor
    visible: Tensor
    is_held: Tensor
    is_seen: Tensor
    counts: Tensor
    share: Tensor

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.x.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.x.shape[1])

    @cached_property
    def squares(self) -> Tensor:
        """Σ x² over training entries of each feature, shape (n_features,)."""
        return self.visible.square().sum(dim=0)

    @cached_property
    def components(self) -> Tensor:
        """Eigenvectors of visible visibleᵀ, the last the leading, shape (n_samples, n_samples)."""
        gram = (self.visible @ self.visible.T).double()
        vectors: Tensor = torch.linalg.eigh(gram)[1]
        return vectors


def training_data(
    values: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    held: npt.NDArray[np.bool_],
    basis: npt.NDArray[np.float64],
    device: str,
) -> TrainingData:
    """Turn features × samples into samples × features on a device.

    Args:
        values: standardised, 0 where not observed, shape (n_features, n_samples).
        observed: same shape.
        held: held-out entries, observed all, same shape.
        basis: orthonormal basis of the design with its intercept, shape (n_samples, rank + 1).
        device: `cpu` or `cuda`.
    """
    seen = observed & ~held
    clean = without_leak(values, seen, observed, basis)
    x = torch.from_numpy(np.ascontiguousarray(clean.T, dtype=np.float32)).to(device)
    is_held = torch.from_numpy(np.ascontiguousarray(held.T)).to(device)
    counts = np.count_nonzero(seen, axis=1).astype(np.float32)
    share = np.count_nonzero(seen, axis=0).astype(np.float32) / len(seen)
    return TrainingData(
        x=x,
        visible=torch.where(is_held, 0.0, x),
        is_held=is_held,
        is_seen=torch.from_numpy(np.ascontiguousarray(seen.T)).to(device),
        counts=torch.from_numpy(counts).to(device),
        share=torch.from_numpy(np.maximum(share, 1e-6)[:, None]).to(device),
    )
