"""A real cohort through the sensor, as two studies: with and without its laboratories."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import isograph
from isograph.importers.options import ImportOptions
from isograph.importers.tables.table import import_table
from isograph.results import Fit
from isograph_assets.partitions import fit_key
from tests.assets.conftest import Pipeline
from tests.assets.test_sensors import Ticks
from tests.shared_data import shared_path

COHORT = ("data", "real", "geuvadis_chr19_ceu91")


def drop_cohort(studies: Path) -> None:
    source = shared_path(*COHORT)
    bundle = import_table(
        counts=source / "transcript_counts.parquet",
        transcripts=source / "transcripts.parquet",
        options=ImportOptions(samples=source / "samples.parquet"),
        name="geuvadis",
    ).bundle
    isograph.save_bundle(bundle, studies / "geuvadis")
    (studies / "by_lab.yaml").write_text(
        'bundle: geuvadis\ncovariates: "~ C(lab)"\ncategorical: [lab]\n'
    )


def share_explained(fit: Fit, groups: pd.Series) -> pd.Series:
    """Eta squared by group of each module's and each programme's profile."""
    programmes = fit.programmes.rename(columns={"programme_id": "module_id"})
    samples = list(groups.index)
    both = pd.concat([fit.eigengenes, programmes]).set_index("module_id")
    values = both[samples].astype(float).T
    centred = values - values.mean()
    between = centred.groupby(groups.loc[values.index].to_numpy()).transform("mean")
    return (between**2).sum() / (centred**2).sum()


@pytest.fixture
def fits(pipeline: Pipeline) -> dict[str, Fit]:
    drop_cohort(pipeline.studies)
    ticks = Ticks(pipeline)
    assert ticks.requested() == []
    names = ticks.requested()
    assert names == ["by_lab", "geuvadis"]
    for name in names:
        assert pipeline.run("all_studies", name).success
        assert pipeline.run("study_fits", fit_key(name, "calibrated")).success
    return {name: isograph.read_fit(pipeline.artifacts.fit(name, "calibrated")) for name in names}


def test_a_programme_carries_the_laboratories_untold_and_adjusting_removes_them(
    pipeline: Pipeline, fits: dict[str, Fit]
) -> None:
    samples = isograph.load_bundle(pipeline.artifacts.bundle("geuvadis")).samples
    lab = samples.set_index("sample_id")["lab"]
    untold = share_explained(fits["geuvadis"], lab)
    # seven laboratories explain (7 − 1) / (91 − 1) = 0.07 of a direction by chance
    assert untold.idxmax() == "P00"
    assert untold["P00"] > 0.8
    # it matters: hundreds of genes load on it, and it is known for what it is
    broadest = fits["geuvadis"].programmes.set_index("programme_id").loc["P00"]
    assert broadest["n_genes"] > 500
    assert broadest["best_match"] in {"lab", "run_date"}  # a laboratory ran on days of its own
    assert share_explained(fits["by_lab"], lab).max() < 1e-6
