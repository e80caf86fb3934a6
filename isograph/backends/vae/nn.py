"""Building blocks: a small network that starts by saying nothing."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Dense(nn.Module):
    """An affine map whose first weights come from a given generator.

    Args:
        n_in, n_out: widths.
        generator: of the first weights, Gaussian with variance 1 / n_in; None starts at zero.
    """

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator | None) -> None:
        super().__init__()
        weight = torch.zeros(n_in, n_out)
        if generator is not None:
            weight = torch.randn(n_in, n_out, generator=generator) / n_in**0.5
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map shape (..., n_in) to (..., n_out)."""
        return inputs @ self.weight + self.bias


class Hidden(nn.Module):
    """Dense layers with a smooth, bounded-slope activation after each; no layers, no change.

    Args:
        n_in: width of the input.
        widths: of the layers.
        generator: of the first weights.
    """

    def __init__(self, n_in: int, widths: tuple[int, ...], generator: torch.Generator) -> None:
        super().__init__()
        ends = (n_in, *widths)
        self.layers = nn.ModuleList(Dense(a, b, generator) for a, b in pairwise(ends))
        self.n_out = ends[-1]

    def forward(self, inputs: Tensor) -> Tensor:
        """Map shape (..., n_in) to (..., n_out)."""
        for layer in self.layers:
            inputs = torch.tanh(layer(inputs))
        return inputs
