"""Macrophages under IFNg and Salmonella: explanations name the switches that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.cli import main
from isograph.explanation import explain, switch_pairs
from isograph.explanation.model import Explanations
from tests.shared_data import shared_path

KNOWN = ("BCL2L1", "RASSF5", "CXCL9", "IL1B")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort with every eighth gene and the known ones: the whole takes a minute."""
    cohort = shared_path("data", "real", "macrophage24")
    root = tmp_path_factory.mktemp("macrophage24")
    transcripts = pd.read_parquet(cohort / "transcripts.parquet")
    genes = np.sort(transcripts["gene_id"].unique())[::8]
    known = transcripts.loc[transcripts["gene_name"].isin(KNOWN), "gene_id"]
    kept = transcripts[transcripts["gene_id"].isin({*genes, *known})]
    counts = pd.read_parquet(cohort / "transcript_counts.parquet")
    kept.to_parquet(root / "transcripts.parquet", index=False)
    counts[counts["transcript_id"].isin(kept["transcript_id"])].to_parquet(
        root / "counts.parquet", index=False
    )
    words = ["import", "table", "--out", str(root / "bundle")]
    words += ["--samples", str(cohort / "samples.parquet")]
    for kind in ("counts", "transcripts"):
        words += [f"--{kind}", str(root / f"{kind}.parquet")]
    assert main(words) == 0
    return root / "bundle"


@pytest.fixture(scope="module")
def explained(bundle: Path) -> Explanations:
    return explain(isograph.fit(bundle))


@pytest.mark.slow
def test_what_tracks_salmonella_names_the_known_switches(explained: Explanations) -> None:
    traits = explained.source.fit.traits
    salmonella = traits[(traits["trait"] == "SL1344") & (traits["qvalue"] < 0.01)]
    tracks = salmonella.set_index("module_id")["r"]
    names = explained.source.gene_names
    found = {}
    for part in explained.parts:
        if part.profile.name not in tracks.index:
            continue
        pairs = switch_pairs(part.table("transcript_polarity_table"))
        # an eigengene may fall where Salmonella rises
        ends = ["transcript_down", "transcript_up"]
        if tracks[part.profile.name] < 0:
            ends = ends[::-1]
        pairs = pairs[pairs["qvalue"] < 0.01].assign(symbol=lambda p: p["gene_id"].map(names))
        for row in pairs[["symbol", *ends]].itertuples(index=False):
            found[row[0]] = tuple(str(name).split(".")[0] for name in row[1:])
    assert found["BCL2L1"] == ("ENST00000307677", "ENST00000376062")
    assert found["RASSF5"][0] == "ENST00000577571"


@pytest.mark.slow
def test_the_contrast_of_salmonella_names_them_too(explained: Explanations) -> None:
    assert explained.switch_contrasts is not None
    table = explained.switch_contrasts.to_pandas().query("trait == 'SL1344'")
    names = explained.source.gene_names
    row = table[table["gene_id"].map(names) == "BCL2L1"].iloc[0]
    assert row["qvalue"] < 0.001
    assert row["transcript_down"].startswith("ENST00000307677")
    assert row["transcript_up"].startswith("ENST00000376062")
    # of molecules: the table knows lengths; of reads it is 0.88
    assert row["usage_down_reference"] > 0.7
    assert row["usage_up_level"] > 0.6
