"""All explanations of a fit at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from isograph.errors import OutputError, StudyError
from isograph.explanation import ExplainOptions, explain
from isograph.explanation.source import Source
from isograph.results.model import Fit


def test_modules_and_programmes_are_explained_in_the_fits_order(with_programmes: Source) -> None:
    found = explain(with_programmes.fit, bundle=with_programmes.bundle)
    assert [part.profile.name for part in found.parts] == list(with_programmes.profiles)
    for part in found.parts:
        assert set(part.tables) == {
            "gene_driver_table",
            "transcript_polarity_table",
            "high_vs_low_table",
        }


def test_only_what_is_named_is_explained(with_programmes: Source) -> None:
    found = explain(
        with_programmes.fit, bundle=with_programmes.bundle, modules=["P00", "M001", "P00"]
    )
    assert [part.profile.name for part in found.parts] == ["M001", "P00"]


def test_top_takes_the_largest_modules(with_programmes: Source) -> None:
    found = explain(with_programmes.fit, bundle=with_programmes.bundle, top=2)
    assert [part.profile.name for part in found.parts] == ["M000", "M001"]


def test_unknown_modules_are_all_named(toy_fit: Fit) -> None:
    with pytest.raises(StudyError, match=r"not in the fit \(2\): M007, P03 → it has M000 to M001"):
        explain(toy_fit, modules=["M007", "M000", "P03"])


def test_genes_without_usage_are_said(gappy_source: Source) -> None:
    bundle = gappy_source.bundle
    assert explain(gappy_source.fit, bundle=bundle).parts[0].missing == {}


def test_features_of_ones_own_stand_beside_transcripts(toy_fit: Fit, tmp_path: Path) -> None:
    samples = toy_fit.eigengenes.columns[2:]
    eigengene = toy_fit.eigengenes.set_index("module_id").loc["M000", samples].astype(float)
    gene = toy_fit.modules.query("module_id == 'M000'")["gene_id"].iloc[0]
    events = pd.DataFrame([eigengene * 2 + 7, -eigengene]).reset_index(drop=True)
    events.insert(0, "feature_id", ["rises", "falls"])
    events.loc[0, samples[3]] = None
    events.to_csv(tmp_path / "events.tsv", sep="\t", index=False)
    pd.DataFrame({"feature_id": ["falls", "rises"], "gene_id": gene}).to_csv(
        tmp_path / "meta.tsv", sep="\t", index=False
    )
    options = ExplainOptions(
        feature_table=tmp_path / "events.tsv", feature_meta=tmp_path / "meta.tsv"
    )
    part = explain(toy_fit, modules=["M000"], options=options).parts[0]
    polarity = part.table("transcript_polarity_table").set_index("feature_id")
    assert polarity.loc[["rises", "falls"], "transcript_id"].isna().all()
    plain = explain(toy_fit, modules=["M000"]).parts[0].table("transcript_polarity_table")
    ours = part.table("transcript_polarity_table").dropna(subset=["transcript_id"])
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), plain)
    assert part.records["own_features"]["n_features"] == 2
    assert polarity.loc["rises", "r"] == pytest.approx(1.0, abs=1e-4)
    assert polarity.loc["falls", "r"] == pytest.approx(-1.0, abs=1e-4)
    assert polarity.loc["rises", "n_complete"] == len(samples) - 1
    assert polarity.loc["rises", "usage_high"] > 7 > polarity.loc["rises", "usage_low"]
    contrast = part.table("high_vs_low_table").set_index("feature_id")
    assert contrast.loc["rises", "delta"] > 0 > contrast.loc["falls", "delta"]


@pytest.mark.parametrize(
    ("table", "meta", "told"),
    [
        ("feature_id\tS1\na\t1\n", "feature_id\tgene_id\na\tG00001\n", "no sample of the fit"),
        ("feature_id\tS0001\na\t1\n", "feature_id\tgene\na\tG00001\n", "lacks columns"),
        ("feature_id\tS0001\na\t1\n", "feature_id\tgene_id\nb\tG00001\n", "features without gene"),
        ("feature_id\tS0001\na\t1\n", "feature_id\tgene_id\na\tTP53\n", "no gene of the data set"),
        ("feature_id\tS0001\na\t1\na\t2\n", "feature_id\tgene_id\na\tG00001\n", "more than once"),
    ],
)
def test_what_is_wrong_with_ones_own_features_is_said(
    toy_fit: Fit, tmp_path: Path, table: str, meta: str, told: str
) -> None:
    (tmp_path / "events.tsv").write_text(table)
    (tmp_path / "meta.tsv").write_text(meta)
    options = ExplainOptions(
        feature_table=tmp_path / "events.tsv", feature_meta=tmp_path / "meta.tsv"
    )
    with pytest.raises(OutputError, match=told):
        explain(toy_fit, options=options)


def test_attribution_without_a_model_says_what_to_do(toy_fit: Fit) -> None:
    with pytest.raises(OutputError, match="--backend vae"):
        explain(toy_fit, options=ExplainOptions(vae_attribution=True))
