from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from isograph.bundle import load_bundle, save_bundle
from isograph.bundle.model import Bundle
from isograph.errors import BundleError
from isograph.simulation import SUITES, catalogue, list_fixtures, simulate
from isograph.simulation.assemble import Planted
from isograph.simulation.frontier import CELL_TYPES, FrontierSpec, plant_frontier
from isograph.simulation.samples import is_case
from isograph.simulation.streams import Streams

FAMILIES = {
    "no_harm": 3,
    "cell_types": 2,
    "correlated": 2,
    "overlap": 2,
    "small_n": 4,
    "weak": 2,
    "dropout": 2,
    "ambiguity": 2,
}
DEEP = {"mean": 1e6, "mean_log_sd": 0.1, "noise_sd": 0.0}
"""Counts that show the shares as they are."""


@cache
def make(name: str, seed: int | None = None) -> Bundle:
    return simulate(name, seed=seed)


@cache
def plant(name: str) -> Planted:
    return catalogue._plant(catalogue._SPECS[name], Streams(name, 7))


def planted_as(**changes: object) -> Planted:
    spec = FrontierSpec("a_point", "frontier_v1", "a_family", **changes)  # type: ignore[arg-type]
    return plant_frontier(spec, Streams("a_point", 3))


def logit_of(planted: Planted) -> np.ndarray:
    counts = planted.transcript_counts.reshape(-1, 2, planted.latents.shape[1])
    odds: np.ndarray = np.log((counts[:, 0] + 0.5) / (counts[:, 1] + 0.5))
    return odds


def expected_logit(planted: Planted) -> np.ndarray:
    """What genes follow, put together from the truth alone, shape (n_genes, n_samples)."""
    assert planted.effects is not None
    logit = np.zeros((len(planted.placement.module), planted.latents.shape[1]))
    effects = planted.effects
    np.add.at(logit, effects.gene, effects.effect[:, None] * planted.latents[effects.module])
    return logit


def test_every_family_has_its_points() -> None:
    found = pd.Series([info.scenario for info in list_fixtures() if info.suite == "frontier_v1"])
    assert found.value_counts().to_dict() == FAMILIES


@pytest.mark.parametrize("name", SUITES["frontier_v1"])
def test_points_have_the_planned_sizes(name: str) -> None:
    bundle = make(name)
    small = name.startswith("small_n")
    assert len(bundle.gene_ids) == (2000 if small else 400)
    assert bundle.n_samples == (int(name.removeprefix("small_n-n")) if small else 160)
    sizes = bundle.tables["truth_module"]["module_id"].value_counts()
    assert sizes.sum() == (300 if small else 100)
    assert len(sizes) == 8
    assert sizes.max() - sizes.min() <= 1
    assert bundle.tables["transcript"].groupby("gene_id").size().eq(2).all()


@pytest.mark.parametrize("name", ["no_harm-nothing", "cell_types-c1.00", "overlap-p0.60"])
def test_same_seed_gives_the_same_data_and_another_seed_others(name: str) -> None:
    one, again, other = make(name), simulate(name, seed=7), simulate(name, seed=8)
    assert one.content_hash == again.content_hash
    assert one.content_hash != other.content_hash


@pytest.mark.parametrize(
    "name", ["no_harm-nothing", "overlap-p0.30", "cell_types-c0.50", "small_n-n20"]
)
def test_a_fixture_comes_back_from_disk_as_it_was(name: str, tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(make(name), tmp_path / "bundle"))
    assert loaded.content_hash == make(name).content_hash
    assert {"truth_effect", "truth_latents"} < set(loaded.tables)
    assert ("truth_module_overlap" in loaded.tables) == name.startswith("overlap")


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [("truth_effect", "effect", "strong"), ("truth_latents", "latent", "high")],
)
def test_truth_that_should_be_a_number_is_refused_as_text(
    kind: str, column: str, value: str, tmp_path: Path
) -> None:
    bundle = make("no_harm-nothing")
    wrong = bundle.tables | {kind: bundle.tables[kind].assign(**{column: value})}  # type: ignore[operator]
    broken = Bundle("b", "s", "", bundle.samples, wrong, bundle.matrices)
    with pytest.raises(BundleError, match=f"{kind}.parquet: column {column} is not numeric"):
        save_bundle(broken, tmp_path / "bundle")


def test_effects_vary_by_gene_in_size_and_sign() -> None:
    effect = make("small_n-n20").tables["truth_effect"]
    assert effect["effect"].between(0.7, 1.3).all()
    assert effect["effect"].std() == pytest.approx(0.6 / np.sqrt(12), rel=0.15)
    assert set(effect["sign"]) == {-1, 1}
    assert (effect["sign"] > 0).mean() == pytest.approx(0.5, abs=0.1)
    assert effect["gene_id"].is_unique


@pytest.mark.parametrize("name", ["no_harm-rho0.50", "overlap-p0.60", "cell_composition-cv0.30"])
def test_the_latents_of_the_truth_are_those_that_were_planted(name: str) -> None:
    table = make(name).tables["truth_latents"]
    wide = table.pivot_table(index="module_id", columns="sample_id", values="latent")
    np.testing.assert_allclose(wide.to_numpy(), plant(name).latents, atol=1e-6)
    assert list(wide.columns) == list(make(name).sample_ids)


@pytest.mark.parametrize("second_module", [0.0, 0.6])
def test_usage_is_the_logistic_of_what_the_truth_says(second_module: float) -> None:
    planted = planted_as(second_module=second_module, **DEEP)
    share = expit(logit_of(planted))
    np.testing.assert_allclose(share, expit(expected_logit(planted)), atol=0.01)


def test_every_gene_has_the_stated_noise() -> None:
    planted = planted_as(**(DEEP | {"noise_sd": 0.7}))
    rest = logit_of(planted) - expected_logit(planted)
    assert rest.std() == pytest.approx(0.7, rel=0.02)
    background = planted.placement.module < 0
    assert rest[background].std() == pytest.approx(rest[~background].std(), rel=0.03)


@pytest.mark.parametrize("rho", [0.0, 0.65])
def test_latents_share_the_stated_correlation(rho: float) -> None:
    latents = planted_as(n_samples=20_000, n_genes=100, latent_correlation=rho).latents
    r = np.asarray(np.corrcoef(latents))
    np.testing.assert_allclose(r[~np.eye(8, dtype=bool)], rho, atol=0.03)
    np.testing.assert_allclose(latents.std(axis=1), 1.0, atol=0.03)


def test_a_trait_pushes_all_latents_apart_by_twice_its_strength() -> None:
    planted = planted_as(n_samples=10_000, n_genes=100, trait_strength=1.0)
    case = is_case(planted.samples) == 1
    apart = planted.latents[:, case].mean(axis=1) - planted.latents[:, ~case].mean(axis=1)
    np.testing.assert_allclose(apart, 2.0, atol=0.1)


def test_cell_fractions_are_recorded_and_move_all_genes() -> None:
    planted = planted_as(cell_type_sd=1.0, **DEEP)
    fraction = planted.samples[list(CELL_TYPES)].to_numpy()
    np.testing.assert_allclose(fraction.sum(axis=1), 1.0, atol=3e-4)
    # of a Dirichlet(2, 2, 2, 2): mean 1/4, variance 1/4 · 3/4 / 9
    np.testing.assert_allclose(fraction.var(axis=0), 0.1875 / 9, rtol=0.4)
    rest = logit_of(planted) - expected_logit(planted)
    design = np.column_stack([np.ones(len(fraction)), fraction[:, :3]])
    left = rest.T - design @ np.linalg.lstsq(design, rest.T, rcond=None)[0]
    assert (left.var(axis=0) / rest.var(axis=1)).max() < 0.02


def test_fixtures_without_cell_types_record_none() -> None:
    assert list(make("no_harm-nothing").samples.columns) == ["sample_id", "Dx", "Age", "Sex"]
    assert set(CELL_TYPES) < set(make("cell_types-c0.50").samples.columns)


@pytest.mark.parametrize("chance", [0.3, 0.6])
def test_genes_follow_a_second_module_with_the_stated_chance(chance: float) -> None:
    tables = make(f"overlap-p{chance:.2f}").tables
    first = tables["truth_module"].set_index("gene_id")["module_id"]
    second = tables["truth_module_overlap"].set_index("gene_id")["module_id"]
    assert second.index.is_unique
    assert set(second.index) <= set(first.index)
    assert (second != first.loc[second.index]).all()
    assert len(second) / 100 == pytest.approx(chance, abs=0.15)
    assert second.nunique() == 8
    pairs = set(zip(tables["truth_effect"]["gene_id"], tables["truth_effect"]["module_id"]))  # noqa: B905
    assert pairs == set(first.items()) | set(second.items())


@pytest.mark.parametrize("chance", [0.3, 0.5])
def test_dropout_zeroes_the_stated_share_of_counts(chance: float) -> None:
    full, holed = planted_as(mean=500.0), planted_as(mean=500.0, dropout=chance)
    seen = full.transcript_counts > 0
    lost = holed.transcript_counts[seen] == 0
    assert lost.mean() == pytest.approx(chance, abs=0.01)
    kept = holed.transcript_counts > 0
    np.testing.assert_array_equal(holed.transcript_counts[kept], full.transcript_counts[kept])


def test_gene_counts_of_a_dropout_fixture_are_of_what_is_left() -> None:
    matrices = make("dropout-p0.50").matrices
    counts = matrices["transcript_counts"]
    np.testing.assert_array_equal(counts.reshape(400, 2, -1).sum(axis=1), matrices["gene_counts"])
    assert np.median(matrices["gene_counts"].mean(axis=1)) == pytest.approx(5.0, rel=0.25)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_ambiguity_keeps_totals_and_blurs_usage_by_its_share(share: float) -> None:
    clear, blurred = planted_as(**DEEP), planted_as(ambiguous_share=share, **DEEP)
    totals = [p.transcript_counts.reshape(400, 2, 160).sum(axis=1) for p in (clear, blurred)]
    np.testing.assert_array_equal(*totals)
    background = clear.placement.module < 0
    usage = expit(logit_of(blurred))[background]
    # Beta(2, 2) has variance 1/20
    assert usage.std() == pytest.approx(share * np.sqrt(0.05), rel=0.03)
    # genes are blurred apart from each other: no shared factor appears
    r = np.corrcoef(usage)
    assert np.abs(r[np.triu_indices_from(r, 1)].mean()) < 0.01


def test_one_option_leaves_the_draws_of_all_other_steps_alone() -> None:
    plain, holed = planted_as(), planted_as(dropout=0.3, second_module=0.6, cell_type_sd=1.0)
    np.testing.assert_array_equal(plain.latents, holed.latents)
    np.testing.assert_array_equal(plain.placement.module, holed.placement.module)
    assert plain.effects is not None
    assert holed.effects is not None
    np.testing.assert_array_equal(plain.effects.effect, holed.effects.effect[:100])
