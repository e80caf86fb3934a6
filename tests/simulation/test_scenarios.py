import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from isograph.bundle.model import Bundle
from isograph.simulation import SUITES, catalogue, list_fixtures, simulate
from isograph.simulation.assemble import Planted
from isograph.simulation.confounds import Confound, draw_confound, record_confound, standardised
from isograph.simulation.samples import NORMAL_AGES, age_z, draw_samples, is_case
from isograph.simulation.scenario_grid import CONFOUNDS, SCENARIOS
from isograph.simulation.scenarios import ScenarioSpec, plant_scenario
from isograph.simulation.streams import Streams
from isograph.study import NAME_PATTERN

# scenario: points of the published sweep
POINTS = {
    "idealized_switching": 12,
    "unequal_isoform_abundance": 4,
    "non_switching_background": 4,
    "noise_stress": 16,
    "feature_space_interactions": 15,
    "abundance_switch_mixed": 10,
    "multi_isoform_switch": 1,
    "negative_control_noise": 2,
    "rna_degradation": 4,
    "rna_degradation_coupled": 4,
    "cell_composition": 4,
    "batch_effects": 4,
    "library_depth": 4,
    "scale": 8,
    "scale_realistic": 2,
}
# fixtures: genes, samples, modules, switching genes
SIZES = {
    "idealized_switching-fraction0.10-noise0.25": (400, 160, 8, 40),
    "idealized_switching-fraction0.75-noise0.40": (400, 160, 8, 300),
    "non_switching_background-fraction0.05": (400, 160, 8, 20),
    "multi_isoform_switch": (400, 160, 8, 100),
    "negative_control_noise-noise1.00": (400, 160, 0, 0),
    "abundance_switch_mixed-genes200-share0.00": (200, 100, 4, 50),
    "scale-genes3000-fraction0.15": (3000, 240, 8, 450),
}


@cache
def make(name: str) -> Bundle:
    return simulate(name)


@cache
def plant(name: str) -> Planted:
    return catalogue._plant(catalogue._SPECS[name], Streams(name, 7))


def share_of_first(planted: Planted) -> np.ndarray:
    """Isoform 1's share of the counts, a half added to both sides, (n_genes, n_samples)."""
    layout = planted.layout
    total = np.add.reduceat(planted.transcript_counts, layout.first, axis=0)
    first: np.ndarray = planted.transcript_counts[layout.first]
    return (first + 0.5) / (total + 1.0)


def planted_as(**changes: object) -> Planted:
    spec = ScenarioSpec("a_point", "scenarios_v1", "a_scenario", **changes)  # type: ignore[arg-type]
    return plant_scenario(spec, Streams("a_point", 3))


def totals_of(planted: Planted) -> np.ndarray:
    return np.add.reduceat(planted.transcript_counts, planted.layout.first, axis=0)


def mean_r_with_latent(planted: Planted, values: np.ndarray) -> float:
    """Mean correlation of module genes' rows with their module's latent."""
    genes = np.flatnonzero(planted.placement.module >= 0)
    latents = planted.latents[planted.placement.module[genes]]
    z = standardised(values[genes].astype(float)) * standardised(latents)
    return float(z.mean())


def test_every_sweep_has_its_published_points() -> None:
    found = pd.Series([info.scenario for info in list_fixtures() if info.suite == "scenarios_v1"])
    assert found.value_counts().to_dict() == POINTS


def test_every_confound_has_a_variant_in_all_genes_at_every_strength_but_none() -> None:
    found = pd.Series([info.scenario for info in list_fixtures() if info.suite == "confounds_v1"])
    assert found.value_counts().to_dict() == {
        "rna_degradation_all": 3,
        "rna_degradation_coupled_all": 3,
        "cell_composition_all": 3,
        "batch_effects_all": 3,
        "library_depth_all": 4,
    }
    assert all(spec.confound is not None and spec.confound.background for spec in CONFOUNDS)
    assert not any(spec.confound and spec.confound.background for spec in SCENARIOS)


def test_names_are_study_names_and_differ_in_any_case() -> None:
    names = [info.name for info in list_fixtures()]
    assert all(re.fullmatch(NAME_PATTERN, name) and len(name) < 80 for name in names)
    # file systems that ignore case would merge folders
    assert len({name.lower() for name in names}) == len(names)


def test_a_name_says_the_parameters_of_its_point() -> None:
    parameters = json.loads(make("noise_stress-dispersion3-noise0.50").provenance["parameters"])
    assert (parameters["dispersion"], parameters["noise_sd"]) == (3.0, 0.5)
    assert parameters["scenario"] == "noise_stress"
    library = json.loads(make("library_depth_all-cv0.75").provenance["parameters"])
    assert library["depth_log_sd"] == 0.75
    assert library["confound"]["background"] is True


def test_only_points_of_fewer_than_6000_genes_are_regular() -> None:
    large = {i.name for i in list_fixtures() if i.suite == "scenarios_v1" and not i.regular}
    assert len(large) == 6
    assert all(
        name.startswith(("scale-genes6000", "scale-genes12000", "scale_r")) for name in large
    )


@pytest.mark.parametrize("name", SIZES)
def test_points_have_the_planned_sizes(name: str) -> None:
    n_genes, n_samples, n_modules, n_switching = SIZES[name]
    bundle, info = make(name), next(info for info in list_fixtures() if info.name == name)
    assert (info.n_genes, info.n_samples, info.n_modules) == (n_genes, n_samples, n_modules)
    assert (len(bundle.gene_ids), bundle.n_samples) == (n_genes, n_samples)
    sizes = bundle.tables["truth_module"]["module_id"].value_counts()
    assert len(sizes) == n_modules
    assert sizes.sum() == n_switching
    if n_modules:
        assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("suite", ["scenarios_v1", "confounds_v1", "frontier_v1"])
def test_points_of_a_sweep_share_no_draws(suite: str) -> None:
    # streams hang on the fixture's name alone, so that a new point shifts no other
    first, second = (plant(name) for name in SUITES[suite][:2])
    r = np.corrcoef(first.latents[0], second.latents[0])[0, 1]
    assert abs(r) < 0.35


def test_ages_rise_evenly_from_25_to_85() -> None:
    age = make("multi_isoform_switch").samples["Age"].to_numpy()
    jitter = age - np.linspace(25, 85, 160)
    assert jitter.std() == pytest.approx(3.0, rel=0.15)


def test_latents_carry_small_effects_of_age_and_diagnosis() -> None:
    planted = planted_as(n_samples=20_000, n_genes=100)
    design = np.column_stack([np.ones(20_000), age_z(planted.samples), is_case(planted.samples)])
    effects = np.linalg.lstsq(design, planted.latents.T, rcond=None)[0]
    assert np.all((effects[1:] > 0.0) & (effects[1:] < 0.35))
    rest = planted.latents.T - design @ effects
    np.testing.assert_allclose(rest.std(axis=0), 1.0, atol=0.03)


def test_usage_of_module_genes_is_the_logistic_of_latent_and_imbalance() -> None:
    planted = planted_as(noise_sd=0.0, imbalance=4.0, mean=1e5, mean_log_sd=0.1)
    switching = planted.placement.module >= 0
    share = share_of_first(planted)
    expected = expit(planted.latents[planted.placement.module[switching]] + np.log(4.0))
    np.testing.assert_allclose(share[switching], np.clip(expected, 0.01, 0.99), atol=0.02)
    np.testing.assert_allclose(share[~switching], 0.2, atol=0.02)


def test_shares_of_all_genes_have_noise_of_their_own() -> None:
    planted = planted_as(noise_sd=0.5, mean=1e6, mean_log_sd=0.1)
    share = share_of_first(planted)[planted.placement.module < 0]
    assert share.std(axis=1).mean() == pytest.approx(0.15 * 0.5, rel=0.03)


def test_logits_of_module_genes_have_the_stated_noise() -> None:
    planted = planted_as(noise_sd=0.3, share_noise=0.0, mean=1e6, mean_log_sd=0.1)
    switching = planted.placement.module >= 0
    share = share_of_first(planted)[switching]
    inside = (share > 0.02) & (share < 0.98)
    rest = np.log(share / (1 - share)) - planted.latents[planted.placement.module[switching]]
    assert rest[inside].std() == pytest.approx(0.3, rel=0.05)


def test_totals_have_log_normal_means_depths_and_dispersion() -> None:
    planted = planted_as(n_genes=4000, mean=1000.0, dispersion=7.0)
    total = totals_of(planted).astype(float)
    gene, sample = total.mean(axis=1), total.sum(axis=0)
    assert np.median(gene) == pytest.approx(1000.0, rel=0.1)
    assert np.log(gene).std() == pytest.approx(0.8, rel=0.05)
    assert np.log(sample).std() == pytest.approx(0.25, rel=0.2)
    expected = np.outer(gene, sample / sample.mean())
    z2 = (total - expected) ** 2 / (expected + expected**2 / 7.0)
    assert z2.mean() == pytest.approx(1.0, abs=0.05)


def test_the_other_isoforms_split_the_rest_evenly() -> None:
    bundle = make("multi_isoform_switch")
    counts = bundle.matrices["transcript_counts"].reshape(400, 4, 160)
    assert bundle.tables["transcript"].groupby("gene_id").size().eq(4).all()
    rest = counts[:, 1:].sum(axis=(0, 2))
    np.testing.assert_allclose(rest / rest.sum(), 1 / 3, atol=0.01)


@pytest.mark.parametrize(("share", "by_abundance"), [("0.00", 0), ("0.50", 24), ("1.00", 50)])
def test_abundance_takes_its_share_of_every_module(share: str, by_abundance: int) -> None:
    roles = make(f"abundance_switch_mixed-genes200-share{share}").tables["truth_channel_role"]
    found = pd.crosstab(roles["module_id"], roles["truth_role"])
    carried = found.get("abundance_only", pd.Series(0, index=found.index))
    assert carried.sum() == by_abundance
    assert carried.max() - carried.min() <= 1


def test_abundance_genes_keep_their_usage_and_follow_by_their_total() -> None:
    planted = plant("abundance_switch_mixed-genes500-share1.00")
    assert set(planted.placement.role) == {"abundance_only", "background"}
    log_total = np.log1p(totals_of(planted))
    log_total -= log_total.mean(axis=0)
    assert mean_r_with_latent(planted, log_total) > 0.6
    assert abs(mean_r_with_latent(planted, share_of_first(planted))) < 0.03


@pytest.mark.parametrize("ending", ["", "_all"])
def test_coupled_degradation_has_both_channels(ending: str) -> None:
    planted = plant(f"rna_degradation_coupled{ending}-bias0.5")
    assert set(planted.placement.role) == {"coupled", "background"}
    log_total = np.log1p(totals_of(planted))
    log_total -= log_total.mean(axis=0)
    assert mean_r_with_latent(planted, log_total) > 0.6
    assert mean_r_with_latent(planted, share_of_first(planted)) > 0.6


@pytest.mark.parametrize("fraction", [0.25, 0.75])
def test_interactions_reach_their_share_of_switching_genes_in_any_module(fraction: float) -> None:
    planted = planted_as(
        noise_sd=0.0,
        interaction_strength=2.0,
        interaction_fraction=fraction,
        mean=1e5,
        mean_log_sd=0.1,
        share_floor=1e-6,
    )
    switching = np.flatnonzero(planted.placement.module >= 0)
    share = share_of_first(planted)[switching]
    extra = np.log(share / (1 - share)) - planted.latents[planted.placement.module[switching]]
    product = standardised(planted.latents[0] * planted.latents[1])
    slope = extra @ product / (product @ product)
    got = slope > 1.0
    assert got.sum() == round(fraction * 100)
    assert len(set(planted.placement.module[switching[got]])) == 8
    np.testing.assert_allclose(slope[~got], 0.0, atol=0.1)
    np.testing.assert_allclose(slope[got], 2.0, atol=0.25)


def test_the_negative_control_has_nothing_planted() -> None:
    tables = make("negative_control_noise-noise0.50").tables
    assert len(tables["truth_module"]) == 0
    assert not tables["truth_switch"]["has_switch"].any()
    assert (tables["truth_channel_role"]["truth_role"] == "background").all()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("rna_degradation-bias1.0", "RIN"),
        ("rna_degradation_coupled_all-bias1.0", "RIN"),
        ("cell_composition-cv0.20", "neuron_fraction"),
        ("batch_effects_all-sd0.50", "batch"),
        ("library_depth-cv0.50", "log_depth"),
    ],
)
def test_confounds_are_recorded_in_the_sample_table(name: str, column: str) -> None:
    assert list(make(name).samples.columns) == ["sample_id", "Dx", "Age", "Sex", column]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("cell_composition{}-cv0.30", "neuron_fraction"),
        ("library_depth{}-cv1.00", "log_depth"),
        ("rna_degradation{}-bias2.0", "RIN"),
        ("batch_effects{}-sd1.00", "batch"),
    ],
)
def test_background_shows_a_confound_in_the_variant_for_all_genes_only(
    name: str, column: str
) -> None:
    def explained(of: str) -> float:
        planted = plant(of)
        values = share_of_first(planted)[planted.placement.module < 0]
        design = pd.get_dummies(planted.samples[[column]]).to_numpy(float)
        design = np.column_stack([np.ones(len(design)), design])
        fitted = design @ np.linalg.lstsq(design, values.T, rcond=None)[0]
        return float((fitted.var(axis=0) / values.var(axis=1)).mean())

    assert explained(name.format("")) < 0.04
    assert explained(name.format("_all")) > 0.15


def test_recorded_depth_is_the_depth_of_the_counts() -> None:
    planted = plant("library_depth-cv1.00")
    log_total = np.log(totals_of(planted).sum(axis=0))
    assert np.corrcoef(log_total, planted.samples["log_depth"])[0, 1] > 0.99
    assert planted.samples["log_depth"].std() == pytest.approx(1.0, rel=0.2)


def drawn_confound(confound: Confound, *, n_samples: int = 4000) -> tuple[pd.DataFrame, np.ndarray]:
    streams = Streams("a_point", 5)
    samples = draw_samples(streams, n_samples=n_samples, ages=NORMAL_AGES)
    depth = np.linspace(-1, 1, n_samples)
    samples = record_confound(streams, samples=samples, log_depth=depth, confound=confound)
    return samples, draw_confound(streams, samples=samples, n_genes=500, confound=confound)


def test_degradation_lowers_isoform_one_below_the_mean_rin_only() -> None:
    samples, shift = drawn_confound(Confound("rna_degradation", 2.0))
    rin = samples["RIN"].to_numpy()
    assert (rin.mean(), rin.std()) == (pytest.approx(7.5, abs=0.1), pytest.approx(1.2, rel=0.05))
    assert (shift[:, rin >= rin.mean()] == 0).all()
    assert (shift <= 0).all()
    slope = shift[:, rin.argmin()] / standardised(rin).min()
    np.testing.assert_allclose(slope.mean(), 2.0 * np.sqrt(2 / np.pi), rtol=0.1)


def test_composition_shifts_genes_by_four_times_the_centred_fraction() -> None:
    samples, shift = drawn_confound(Confound("cell_composition", 0.3))
    fraction = samples["neuron_fraction"].to_numpy()
    assert fraction.min() == 0.05
    assert fraction.max() == 0.95
    np.testing.assert_allclose(shift.mean(axis=1), 0.0, atol=1e-12)
    slope = shift[:, 0] / (fraction[0] - fraction.mean())
    assert slope.std() == pytest.approx(4.0, rel=0.1)


def test_batches_are_even_and_each_shifts_each_gene_by_its_own() -> None:
    samples, shift = drawn_confound(Confound("batch", 0.5))
    assert samples["batch"].value_counts().to_dict() == dict.fromkeys(
        ["B1", "B2", "B3", "B4"], 1000
    )
    table = pd.crosstab(samples["batch"], samples["Dx"])
    assert stats.chi2_contingency(table).pvalue > 1e-3
    by_batch = pd.DataFrame(shift.T).groupby(samples["batch"])
    assert (by_batch.nunique() == 1).to_numpy().all()
    assert by_batch.first().to_numpy().std() == pytest.approx(0.5, rel=0.1)


def test_a_confound_of_no_size_shifts_nothing() -> None:
    for kind in ("rna_degradation", "cell_composition", "batch"):
        _, shift = drawn_confound(Confound(kind, 0.0))
        np.testing.assert_allclose(shift, 0.0, atol=1e-12)


def test_standardised_rows_have_mean_zero_and_unit_spread_and_constants_are_zero() -> None:
    values = np.array([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]])
    z = standardised(values)
    np.testing.assert_allclose(z[0].mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(z[0].std(), 1.0)
    np.testing.assert_array_equal(z[1], 0.0)
