"""Reads the frozen R outputs, and compares partitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.backends.wgcna.adjacency import NetworkType

SMALL = Path(__file__).resolve().parents[2] / "reference" / "wgcna"
TYPES: tuple[NetworkType, ...] = ("unsigned", "signed", "signed_hybrid")


def table(folder: Path, name: str, *, index: bool = True) -> pd.DataFrame:
    """One reference table."""
    return pd.read_csv(folder / f"{name}.csv.gz", index_col=0 if index else None)


def small_values() -> npt.NDArray[np.float64]:
    """360 features × 80 samples."""
    return table(SMALL, "small").to_numpy().T.copy()


def same_partition(ours: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]) -> bool:
    """Equal up to renaming of modules; −1 here and 0 in R are 'none'."""
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    one_to_one = len(pairs) == len(set(ours.tolist())) == len(set(theirs.tolist()))
    return one_to_one and np.array_equal(ours < 0, theirs == 0)


def cut_options(column: str) -> dict[str, int | bool]:
    """Options of a column such as `ds2_pam1_min30`."""
    split, pam, size = column.split("_")
    return {
        "deep_split": int(split[2:]),
        "pam_stage": pam == "pam1",
        "min_size": int(size[3:]),
    }


def module_columns(eigengenes: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Reference eigengenes of modules ME1, ME2, …, as rows."""
    n = sum(name != "ME0" for name in eigengenes.columns)
    return eigengenes[[f"ME{i + 1}" for i in range(n)]].to_numpy().T
