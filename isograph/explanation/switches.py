"""Isoform switches of a module: the transcript that rises beside the one that falls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.errors import OutputError, Problems

Floats = npt.NDArray[np.float64]

CLEAR_Q = 0.05
_SMALLEST_Q = 1e-300
_DRIVERS, _POLARITY = "gene_driver_table.parquet", "transcript_polarity_table.parquet"


def switch_pairs(polarity: pd.DataFrame) -> pd.DataFrame:
    """The transcripts of each gene that gain and lose most usage along a profile.

    Args:
        polarity: columns of `explanation.schema.POLARITY`.

    Returns:
        One row a gene with both: `gene_id`, `transcript_up`, `up_low`, `up_high`, `up_shift`,
        `transcript_down`, `down_low`, `down_high`, `down_shift`, `qvalue` (the larger of the two);
        clear switches (q ≤ 0.05 for both) first, then by falling π of the smaller shift: an
        exchange must be large and sure to stand at the top. By size alone, genes with a handful of
        reads would.
    """
    # features of the user's own have no transcript
    known = polarity.dropna(subset=["usage_shift", "transcript_id"])
    known = known.sort_values(["gene_id", "usage_shift", "transcript_id"], kind="stable")
    down = known.drop_duplicates("gene_id").set_index("gene_id")
    up = known.drop_duplicates("gene_id", keep="last").set_index("gene_id")
    pairs = pd.DataFrame(
        {
            f"{side}_{name}": table[column]
            for side, table in (("up", up), ("down", down))
            for name, column in (
                ("transcript", "transcript_id"),
                ("low", "usage_low"),
                ("high", "usage_high"),
                ("shift", "usage_shift"),
            )
        }
    ).rename(columns={f"{side}_transcript": f"transcript_{side}" for side in ("up", "down")})
    # NaN where a transcript has no test: then the pair has none either
    pairs["qvalue"] = np.maximum(up["qvalue"], down["qvalue"])
    pairs = pairs[(pairs["up_shift"] > 0) & (pairs["down_shift"] < 0)]
    pairs = pairs.reset_index()
    gain, loss = (pairs[f"{side}_shift"].to_numpy(dtype=np.float64) for side in ("up", "down"))
    q = pairs["qvalue"].to_numpy(dtype=np.float64)
    order = np.lexsort((pairs["gene_id"], -pi_value(np.minimum(gain, -loss), q), ~(q <= CLEAR_Q)))
    return pairs.iloc[order].reset_index(drop=True)


def pi_value(shift: Floats, q: Floats) -> Floats:
    """π = |effect| · −log₁₀ q (Xiao et al. 2014, Bioinformatics 30:801), 0 where unknown.

    Args:
        shift: change of usage, shape (n,).
        q: of its test, shape (n,).
    """
    pi = np.abs(shift) * -np.log10(np.maximum(q, _SMALLEST_Q))
    rounded: Floats = np.round(np.nan_to_num(pi, nan=0.0), 9)
    return rounded


def structure_pairs(polarity: pd.DataFrame, module: str) -> pd.DataFrame:
    """Switch pairs as `structural_labels` takes them: the transcript that falls, then the riser."""
    pairs = switch_pairs(polarity).rename(
        columns={"transcript_down": "transcript_id_1", "transcript_up": "transcript_id_2"}
    )
    return pairs[["gene_id", "transcript_id_1", "transcript_id_2"]].assign(module_id=module)


def pairs_of_folder(folder: Path, *, top: int | None = None) -> pd.DataFrame:
    """Switch pairs of every module that is explained below a folder.

    Args:
        folder: as `isograph explain-module` writes it: one folder a module.
        top: so many of each module's strongest drivers at most; all of its genes if None.

    Returns:
        `gene_id`, `transcript_id_1` (falls), `transcript_id_2` (rises), `module_id`; modules in the
        order of their names, then clear switches first.

    Raises:
        OutputError: the folder holds no explanation, or one that cannot be read; names all.
    """
    folder, problems = Path(folder), Problems()
    parts = []
    for path in sorted(folder.glob(f"*/{_POLARITY}")):
        try:
            polarity = pq.read_table(path).to_pandas()
            drivers = pq.read_table(path.with_name(_DRIVERS)).to_pandas()
        except (OSError, pa.ArrowException) as error:
            problems.add(str(path.parent), str(error).splitlines()[0], fix="explain it again")
            continue
        pairs = structure_pairs(polarity, path.parent.name)
        if top is not None:
            strongest = drivers.loc[drivers["in_module"].astype(bool), "gene_id"].head(top)
            pairs = pairs[pairs["gene_id"].isin(strongest)]
        parts.append(pairs)
    if not problems and not parts:
        problems.add(
            str(folder),
            "holds no explanation of a module",
            fix="name the folder that `isograph explain-module` wrote",
        )
    problems.raise_if_any(OutputError, "switch pairs cannot be read")
    return pd.concat(parts, ignore_index=True)
