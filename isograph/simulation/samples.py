"""The samples of a fixture: diagnosis, age and sex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.simulation.streams import Streams

CONTROL, CASE = "Control", "SCZD"


@dataclass(frozen=True)
class NormalAges:
    """Ages in years from a normal distribution, clipped.

    Attributes:
        mean: mean before clipping.
        sd: standard deviation before clipping.
        low: youngest.
        high: oldest.
    """

    kind: Literal["normal"] = "normal"
    mean: float = 50.0
    sd: float = 12.0
    low: float = 25.0
    high: float = 85.0


@dataclass(frozen=True)
class EvenAges:
    """Ages in years, evenly spaced from the first sample to the last, plus a normal jitter.

    Attributes:
        low: age of the first sample, without jitter.
        high: age of the last sample, without jitter.
        jitter: standard deviation of the jitter.
    """

    kind: Literal["even"] = "even"
    low: float = 30.0
    high: float = 70.0
    jitter: float = 2.0


Ages = NormalAges | EvenAges
NORMAL_AGES = NormalAges()
EVEN_AGES = EvenAges()


def draw_samples(streams: Streams, *, n_samples: int, ages: Ages) -> pd.DataFrame:
    """Draw the sample table.

    Args:
        streams: the fixture's streams; steps `samples/dx`, `samples/age`, `samples/sex`.
        n_samples: number of samples.
        ages: distribution of ages.

    Returns:
        One row a sample: `sample_id` (`S0001`, …), `Dx` (half Control, half SCZD, in random
        order), `Age` (years, two decimals), `Sex` (F or M with equal chance, related to nothing).
    """
    is_case = streams.rng("samples/dx").permutation(n_samples) < n_samples // 2
    is_male = streams.rng("samples/sex").random(n_samples) < 0.5
    return pd.DataFrame(
        {
            "sample_id": [f"S{number:04d}" for number in range(1, n_samples + 1)],
            "Dx": np.where(is_case, CASE, CONTROL).astype(object),
            "Age": _draw_ages(streams.rng("samples/age"), n_samples=n_samples, ages=ages),
            "Sex": np.where(is_male, "M", "F").astype(object),
        }
    )


def _draw_ages(rng: np.random.Generator, *, n_samples: int, ages: Ages) -> npt.NDArray[np.float64]:
    noise = rng.standard_normal(n_samples)
    if isinstance(ages, NormalAges):
        years = np.clip(ages.mean + ages.sd * noise, ages.low, ages.high)
    else:
        years = np.linspace(ages.low, ages.high, n_samples) + ages.jitter * noise
    # two decimals: no machine's last bit reaches the file
    rounded: npt.NDArray[np.float64] = np.round(years, 2)
    return rounded


def is_case(samples: pd.DataFrame) -> npt.NDArray[np.float64]:
    """1 for SCZD, 0 for Control, shape (n_samples,)."""
    return np.where(samples["Dx"].to_numpy() == CASE, 1.0, 0.0)


def age_z(samples: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Age in standard deviations from its mean over the samples, shape (n_samples,)."""
    age = samples["Age"].to_numpy(dtype=np.float64)
    z: npt.NDArray[np.float64] = (age - age.mean()) / age.std()
    return z
