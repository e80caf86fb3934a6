import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from isograph.bundle.model import Bundle
from isograph.errors import IsographError
from isograph.simulation import (
    SUITE_SEEDS,
    SUITES,
    FixtureError,
    catalogue,
    list_fixtures,
    simulate,
)
from isograph.simulation.assemble import Planted
from isograph.simulation.streams import Streams

# name: genes, samples, sizes of modules
TABLE = {
    "toy_v1": (24, 48, [12] * 2),
    "medium_v1": (400, 240, [50] * 8),
    "realistic_v1": (200, 160, [20] * 5),
    "realistic_unequal_v1": (200, 160, [38, 25, 17, 12, 8]),
    "noisy_v1": (300, 100, [22, 18, 14, 11, 9, 8, 7, 6]),
    "large_v1": (800, 120, [40, 32, 25, 20, 18, 16, 15, 13, 12, 9]),
    "nonlinear_v1": (200, 200, [30, 25, 25, 20]),
    "toy_multiplex_v1": (40, 64, [20] * 2),
    "medium_multiplex_v1": (320, 180, [32] * 6),
    "noisy_multiplex_v1": (360, 110, [28] * 6),
    "large_multiplex_v1": (900, 140, [44] * 10),
    "xxlarge_multiplex_v1": (12_000, 240, [75] * 16),
}
# name: genes a module by role, expected share of single isoforms (abundance only, background)
ROLES = {
    "toy_multiplex_v1": ((5, 5, 5, 5), 0.3, 0.2),
    "medium_multiplex_v1": ((8, 8, 8, 8), 0.3, 0.2),
    "noisy_multiplex_v1": ((7, 7, 7, 7), 0.3, 0.2),
    "large_multiplex_v1": ((12, 10, 12, 10), 0.3, 0.2),
    "xxlarge_multiplex_v1": ((20, 20, 20, 15), 0.7, 0.98),
}
IDEALIZED = ("toy_v1", "medium_v1")
REALISTIC = ("realistic_v1", "realistic_unequal_v1", "noisy_v1", "large_v1", "nonlinear_v1")
ROLE_NAMES = ("switch_only", "abundance_only", "coupled", "discordant")

_made: dict[tuple[str, int | None], Bundle] = {}


def make(name: str, seed: int | None = None) -> Bundle:
    """One bundle a fixture and seed for the whole file; no test changes it."""
    if (name, seed) not in _made:
        _made[name, seed] = simulate(name, seed=seed)
    return _made[name, seed]


def plant(name: str, seed: int = 7) -> Planted:
    return catalogue._plant(catalogue._SPECS[name], Streams(name, seed))


def digest(bundle: Bundle) -> str:
    parts = [bundle.samples.to_csv(lineterminator="\n").encode()]
    parts += [bundle.tables[kind].to_csv(lineterminator="\n").encode() for kind in bundle.tables]
    parts += [
        np.ascontiguousarray(bundle.matrices[assay], dtype=dtype).tobytes()
        for assay, dtype in (("transcript_counts", "<i8"), ("gene_counts", "<i8"), ("psi", "<f8"))
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def correlations(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pearson r of each row with the row of `others` at the same place."""
    a = rows - rows.mean(axis=1, keepdims=True)
    b = others - others.mean(axis=1, keepdims=True)
    return (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))


def spread(kappa: float, total: np.ndarray) -> np.ndarray:
    """Variance of a share over p(1 − p): Dirichlet plus a binomial of that many counts."""
    return (1.0 + kappa / np.maximum(total, 1)) / (kappa + 1.0)


def test_all_fixtures_are_listed_with_their_suites() -> None:
    listed = {info.name: info for info in list_fixtures()}
    assert set(TABLE) <= set(listed)
    assert {name for suite in SUITES.values() for name in suite} == set(listed)
    for suite, names in SUITES.items():
        assert all(listed[name].suite == suite for name in names)


def test_only_the_xxlarge_multiplex_waits_for_a_request() -> None:
    late = [info.name for info in list_fixtures() if info.name in TABLE and not info.regular]
    assert late == ["xxlarge_multiplex_v1"]


@pytest.mark.parametrize("name", TABLE)
def test_listed_sizes_are_those_of_the_bundle(name: str) -> None:
    info = next(info for info in list_fixtures() if info.name == name)
    bundle = make(name)
    assert (info.n_genes, info.n_samples) == (len(bundle.gene_ids), bundle.n_samples)
    assert info.n_modules == bundle.tables["truth_module"]["module_id"].nunique()
    assert info.suite == bundle.suite


@pytest.mark.parametrize("name", TABLE)
def test_genes_samples_and_modules_have_the_planned_sizes(name: str) -> None:
    n_genes, n_samples, sizes = TABLE[name]
    bundle = make(name)
    assert len(bundle.gene_ids) == n_genes
    assert bundle.n_samples == n_samples
    truth = bundle.tables["truth_module"]
    assert truth["gene_id"].is_unique
    assert truth["module_id"].value_counts().sort_index().tolist() == sizes
    assert sorted(truth["module_id"].unique()) == [f"T{i:02d}" for i in range(len(sizes))]


@pytest.mark.parametrize("name", TABLE)
def test_matrices_fit_their_tables_and_each_other(name: str) -> None:
    bundle = make(name)
    transcripts, counts = bundle.tables["transcript"], bundle.matrices["transcript_counts"]
    assert counts.shape == (len(transcripts), bundle.n_samples)
    assert transcripts["transcript_id"].is_unique
    assert np.issubdtype(counts.dtype, np.integer)
    assert counts.min() >= 0
    of_gene = pd.Categorical(transcripts["gene_id"], categories=bundle.tables["gene"]["gene_id"])
    starts = np.flatnonzero(np.diff(of_gene.codes, prepend=-1))
    np.testing.assert_array_equal(
        np.add.reduceat(counts, starts, axis=0), bundle.matrices["gene_counts"]
    )
    assert bundle.matrices["psi"].shape == bundle.matrices["gene_counts"].shape
    assert bundle.matrices["psi"].min() >= 1e-4
    assert bundle.matrices["psi"].max() <= 1 - 1e-4


@pytest.mark.parametrize("name", TABLE)
def test_tables_stand_in_id_order(name: str) -> None:
    bundle = make(name)
    for kind, column in (("transcript", "transcript_id"), ("gene", "gene_id"), ("psi", "psi_uid")):
        assert bundle.tables[kind][column].is_monotonic_increasing
    assert bundle.samples["sample_id"].is_monotonic_increasing


def test_psi_is_isoform_one_over_the_gene() -> None:
    bundle = make("realistic_v1")
    first = bundle.tables["transcript"]["transcript_id"].str.endswith(".T1").to_numpy()
    total = bundle.matrices["gene_counts"]
    seen = total > 0
    share = bundle.matrices["transcript_counts"][first][seen] / total[seen]
    np.testing.assert_array_equal(bundle.matrices["psi"][seen], np.clip(share, 1e-4, 1 - 1e-4))


def test_length_falls_by_fifty_from_the_first_isoform() -> None:
    transcripts = make("large_v1").tables["transcript"]
    number = transcripts["transcript_id"].str.rpartition("T")[2].astype(int)
    assert (transcripts["length"] == 1000 - 50 * (number - 1)).all()
    assert number.max() == 5


@pytest.mark.parametrize("name", IDEALIZED)
def test_idealized_genes_have_two_isoforms(name: str) -> None:
    assert set(make(name).tables["transcript"]["gene_id"].value_counts()) == {2}


def test_isoforms_a_gene_follow_the_stated_probabilities() -> None:
    numbers = make("large_v1").tables["transcript"]["gene_id"].value_counts()
    observed = numbers.value_counts(normalize=True).sort_index()
    assert observed.index.tolist() == [2, 3, 4, 5]
    np.testing.assert_allclose(observed, [0.45, 0.30, 0.15, 0.10], atol=0.05)


@pytest.mark.parametrize("name", TABLE)
def test_same_seed_gives_the_same_bytes(name: str) -> None:
    assert digest(simulate(name)) == digest(make(name))


@pytest.mark.parametrize("name", TABLE)
def test_no_seed_means_the_seed_of_the_suite(name: str) -> None:
    bundle = make(name)
    assert SUITE_SEEDS[bundle.suite] == 7
    assert bundle.provenance["seed"] == "7"
    assert digest(simulate(name, seed=7)) == digest(bundle)


@pytest.mark.parametrize("name", ["toy_v1", "realistic_v1", "nonlinear_v1", "toy_multiplex_v1"])
def test_another_seed_gives_other_samples_genes_and_counts(name: str) -> None:
    one, other = make(name), make(name, 8)
    assert (one.samples["Age"] != other.samples["Age"]).any()
    assert not one.tables["truth_module"].equals(other.tables["truth_module"])
    r = np.corrcoef(one.matrices["gene_counts"].ravel(), other.matrices["gene_counts"].ravel())[
        0, 1
    ]
    assert abs(r) < 0.1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("toy_v1", "cbd2345c9ee3af89"),
        ("medium_v1", "a3fb18b39fb09b5f"),
        ("realistic_v1", "0f858e6ab72c79ed"),
        ("realistic_unequal_v1", "f0b7ee8bfbeb2347"),
        ("noisy_v1", "9c6fc18dc77ee989"),
        ("large_v1", "7522fef0a79751d3"),
        ("nonlinear_v1", "689402565426797f"),
        ("toy_multiplex_v1", "b99c46476b543046"),
        ("medium_multiplex_v1", "54b6f007b4c82d32"),
        ("noisy_multiplex_v1", "743e1735e82383ce"),
        ("large_multiplex_v1", "3c3015997a63a4dc"),
        ("xxlarge_multiplex_v1", "129d3293984c5fc4"),
        ("rna_degradation_coupled-bias1.0", "b554e9cd28567b9f"),
        ("batch_effects_all-sd0.50", "f7e2de3302cec0b8"),
        ("cell_composition-cv0.20", "7bd6a443101795f9"),
        ("multi_isoform_switch", "f8394e3376217403"),
        ("cell_types-c0.50", "6db16a2711081165"),
        ("overlap-p0.30", "165591b9af497305"),
        ("ambiguity-share0.50", "5f4e792e3d7d8a00"),
        ("dropout-p0.30", "6fb5fadf653e312d"),
    ],
)
def test_published_bytes_are_pinned(name: str, expected: str) -> None:
    # a change here means that archived fixtures cannot be made again: raise GENERATOR_VERSION
    assert digest(make(name)) == expected


@pytest.mark.parametrize("name", ["toy_v1", "realistic_v1", "nonlinear_v1", "toy_multiplex_v1"])
def test_a_new_step_shifts_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give = Streams.rng

    def with_a_new_step_before_each(self: Streams, step: str) -> np.random.Generator:
        give(self, f"new step before {step}").standard_normal(100)
        return give(self, step)

    before = digest(make(name))
    monkeypatch.setattr(Streams, "rng", with_a_new_step_before_each)
    assert digest(simulate(name)) == before


@pytest.mark.parametrize("name", ["realistic_v1", "toy_multiplex_v1"])
def test_drawing_more_in_one_step_leaves_the_others_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = Streams.rng

    def totals_run_on(self: Streams, step: str) -> np.random.Generator:
        rng = give(self, step)
        if step == "totals":
            rng.standard_normal(1)
        return rng

    before = plant(name)
    monkeypatch.setattr(Streams, "rng", totals_run_on)
    after = plant(name)
    assert (before.transcript_counts != after.transcript_counts).any()
    np.testing.assert_array_equal(before.latents, after.latents)
    np.testing.assert_array_equal(before.placement.role, after.placement.role)
    np.testing.assert_array_equal(before.layout.n_isoforms, after.layout.n_isoforms)
    pd.testing.assert_frame_equal(before.samples, after.samples)


def test_provenance_tells_generator_version_seed_and_parameters() -> None:
    provenance = make("noisy_v1", 3).provenance
    assert provenance["generator"] == "isograph.simulation"
    assert provenance["generator_version"]
    assert provenance["seed"] == "3"
    parameters = json.loads(provenance["parameters"])
    assert parameters["dispersion"] == 15
    assert parameters["latents"]["dx_effects"] == [0.2, 0.6]
    assert (parameters["switch_concentration"], parameters["stable_concentration"]) == (10, 80)
    assert all(isinstance(value, str) for value in provenance.values())


@pytest.mark.parametrize("name", [*IDEALIZED, *REALISTIC])
def test_core_modules_hold_switch_only_genes(name: str) -> None:
    tables = make(name).tables
    roles = tables["truth_channel_role"].set_index("gene_id")
    module = tables["truth_module"].set_index("gene_id")["module_id"]
    assert (roles.loc[module.index, "truth_role"] == "switch_only").all()
    assert (roles.loc[module.index, "module_id"] == module).all()
    others = roles.drop(index=module.index)
    assert (others["truth_role"] == "background").all()
    assert others["module_id"].isna().all()
    switch = tables["truth_switch"].set_index("gene_id")["has_switch"]
    assert (switch == roles["truth_role"].eq("switch_only")).all()
    assert not tables["truth_abundance"]["has_abundance"].any()


@pytest.mark.parametrize("name", IDEALIZED)
def test_idealized_counts_are_the_logistic_share_of_a_gamma_total(name: str) -> None:
    planted = plant(name)
    first, second = planted.transcript_counts[::2], planted.transcript_counts[1::2]
    total = first + second
    assert total.mean() == pytest.approx(300, rel=0.03)
    assert total.std() == pytest.approx(np.sqrt(10) * 30, rel=0.06)
    share = np.clip(expit(planted.latents[planted.placement.module]), 0.02, 0.98)
    assert np.abs(first - share * total).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("name", REALISTIC)
def test_realistic_totals_have_the_planned_mean_and_dispersion(name: str) -> None:
    phi = json.loads(make(name).provenance["parameters"])["dispersion"]
    totals = make(name).matrices["gene_counts"]
    assert totals.mean() == pytest.approx(300, rel=0.02)
    assert totals.var() == pytest.approx(300 + 300**2 / phi, rel=0.08)


@pytest.mark.parametrize("name", REALISTIC)
def test_shares_of_module_genes_follow_their_latent(name: str) -> None:
    planted, psi = plant(name), make(name).matrices["psi"]
    member = planted.placement.module >= 0
    r = correlations(psi[member], planted.latents[planted.placement.module[member]])
    assert r.min() > 0.6
    assert np.median(r) > 0.8


@pytest.mark.parametrize("name", REALISTIC)
def test_mean_share_of_module_genes_is_the_logistic_of_their_latent(name: str) -> None:
    planted, psi = plant(name), make(name).matrices["psi"]
    for module, latent in enumerate(planted.latents):
        mean = psi[planted.placement.module == module].mean(axis=0)
        assert np.abs(mean - expit(latent)).mean() < 0.06
        assert abs((mean - expit(latent)).mean()) < 0.015


@pytest.mark.parametrize("name", REALISTIC)
def test_background_shares_and_all_totals_follow_no_latent(name: str) -> None:
    planted, bundle = plant(name), make(name)
    background = bundle.matrices["psi"][planted.placement.module < 0]
    totals = bundle.matrices["gene_counts"]
    n = bundle.n_samples
    for latent in planted.latents:
        for rows in (background, totals):
            r = correlations(rows, np.broadcast_to(latent, rows.shape))
            # 1/√n is the standard deviation of r between unrelated rows
            assert np.sqrt((r**2).mean()) == pytest.approx(n**-0.5, rel=0.3)


@pytest.mark.parametrize(
    ("name", "kappa"),
    [("large_v1", 100), ("noisy_v1", 80), ("large_multiplex_v1", 120), ("noisy_multiplex_v1", 80)],
)
def test_background_shares_spread_as_their_concentration_says(name: str, kappa: float) -> None:
    planted, bundle = plant(name), make(name)
    gene = np.flatnonzero((planted.placement.module < 0) & (planted.layout.n_isoforms > 1))
    psi, total = bundle.matrices["psi"][gene], bundle.matrices["gene_counts"][gene]
    p = psi.mean(axis=1)
    usual = (p > 0.1) & (p < 0.9)
    ratio = psi.var(axis=1) / (p * (1 - p) * spread(kappa, total).mean(axis=1))
    assert np.median(ratio[usual]) == pytest.approx(1.0, rel=0.08)


@pytest.mark.parametrize(
    ("name", "kappa", "effect"),
    [
        ("large_v1", 20, 1.0),
        ("noisy_v1", 10, 1.0),
        ("large_multiplex_v1", 35, 2.2),
        ("noisy_multiplex_v1", 18, 1.8),
    ],
)
def test_switching_shares_spread_as_their_concentration_says(
    name: str, kappa: float, effect: float
) -> None:
    planted, bundle = plant(name), make(name)
    gene = np.flatnonzero(np.isin(planted.placement.role, ["switch_only", "coupled"]))
    psi, total = bundle.matrices["psi"][gene], bundle.matrices["gene_counts"][gene]
    p = expit(effect * planted.latents[planted.placement.module[gene]])
    expected = (p * (1 - p) * spread(kappa, total)).sum()
    assert ((psi - p) ** 2).sum() / expected == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("name", ROLES)
def test_each_multiplex_module_holds_the_planned_roles(name: str) -> None:
    roles = make(name).tables["truth_channel_role"]
    table = pd.crosstab(roles["module_id"], roles["truth_role"])
    for role, count in zip(ROLE_NAMES, ROLES[name][0], strict=True):
        assert (table[role] == count).all()
    assert (roles["truth_role"] == "background").sum() == TABLE[name][0] - sum(TABLE[name][2])


@pytest.mark.parametrize("name", ROLES)
def test_multiplex_truth_tables_agree_with_the_roles(name: str) -> None:
    tables = make(name).tables
    role = tables["truth_channel_role"]["truth_role"]
    switch = role.isin(["switch_only", "coupled", "discordant"])
    abundance = role.isin(["abundance_only", "coupled", "discordant"])
    assert (tables["truth_switch"]["has_switch"] == switch).all()
    assert (tables["truth_abundance"]["has_abundance"] == abundance).all()


@pytest.mark.parametrize("name", ROLES)
def test_single_isoform_genes_are_as_many_as_planned_and_never_switch(name: str) -> None:
    tables = make(name).tables
    number = tables["transcript"]["gene_id"].value_counts()
    roles = tables["truth_channel_role"].set_index("gene_id")["truth_role"]
    single = number.reindex(roles.index) == 1
    of_role = single.groupby(roles).sum()
    members = roles.value_counts()
    _, abundance, background = ROLES[name]
    assert of_role["abundance_only"] == round(abundance * members["abundance_only"])
    if "background" in members:
        assert of_role["background"] == round(background * members["background"])
    assert of_role[["switch_only", "coupled", "discordant"]].sum() == 0


@pytest.mark.parametrize("name", ROLES)
def test_multiplex_latents_have_unit_variance(name: str) -> None:
    np.testing.assert_allclose(plant(name).latents.var(axis=1), 1.0)


@pytest.mark.parametrize("name", ROLES)
def test_multiplex_roles_follow_the_latent_with_the_planned_signs(name: str) -> None:
    planted, bundle = plant(name), make(name)
    psi, log_total = bundle.matrices["psi"], np.log1p(bundle.matrices["gene_counts"])
    signs = {
        "switch_only": (1, 0),
        "abundance_only": (0, 1),
        "coupled": (1, 1),
        "discordant": (1, -1),
    }
    for role, (switch, abundance) in signs.items():
        gene = np.flatnonzero(planted.placement.role == role)
        latent = planted.latents[planted.placement.module[gene]]
        for sign, rows in ((switch, psi), (abundance, log_total)):
            varying = rows[gene].std(axis=1) > 0
            r = correlations(rows[gene][varying], latent[varying])
            if sign:
                assert (sign * r).min() > 0.3
                assert np.median(sign * r) > 0.6
            else:
                assert abs(r.mean()) < 0.12


@pytest.mark.parametrize("name", ROLES)
def test_multiplex_effects_have_the_planned_size(name: str) -> None:
    planted, bundle = plant(name), make(name)
    parameters = json.loads(bundle.provenance["parameters"])
    psi, total = bundle.matrices["psi"], bundle.matrices["gene_counts"]
    for module, latent in enumerate(planted.latents):
        member = planted.placement.module == module
        usual = np.abs(latent) < 0.8
        switching = member & np.isin(planted.placement.role, ["switch_only", "coupled"])
        slope = np.polyfit(latent[usual], logit(psi[switching].mean(axis=0))[usual], 1)[0]
        assert slope == pytest.approx(parameters["switch_effect"], rel=0.2)
        for role, sign in (("abundance_only", 1), ("discordant", -1)):
            mean = np.log(total[member & (planted.placement.role == role)].mean(axis=0))
            slope = np.polyfit(latent, mean, 1)[0]
            assert sign * slope == pytest.approx(parameters["abundance_effect"], rel=0.35)


def test_multiplex_background_means_are_log_normal() -> None:
    planted, bundle = plant("large_multiplex_v1"), make("large_multiplex_v1")
    background = planted.placement.module < 0
    log_mean = np.log(bundle.matrices["gene_counts"][background].mean(axis=1))
    assert log_mean.mean() == pytest.approx(np.log(300), abs=0.06)
    assert log_mean.std() == pytest.approx(0.35, rel=0.12)


def test_multiplex_background_totals_have_the_planned_dispersion() -> None:
    planted, bundle = plant("large_multiplex_v1"), make("large_multiplex_v1")
    totals = bundle.matrices["gene_counts"][planted.placement.module < 0]
    mean, variance = totals.mean(axis=1), totals.var(axis=1, ddof=1)
    assert (variance / (mean + mean**2 / 7)).mean() == pytest.approx(1.0, abs=0.05)


def test_an_unknown_fixture_is_refused_with_near_names() -> None:
    with pytest.raises(FixtureError, match=r"toy_v2: no such fixture → did you mean .*toy_v1"):
        simulate("toy_v2")


def test_a_name_like_no_other_is_answered_with_all_names() -> None:
    with pytest.raises(IsographError, match="toy_v1, medium_v1"):
        simulate("§§")


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_a_seed_that_cannot_be_is_refused(seed: object) -> None:
    with pytest.raises(FixtureError, match="seed: must be a whole number"):
        simulate("toy_v1", seed=seed)  # type: ignore[arg-type]


def test_name_and_seed_are_refused_together() -> None:
    with pytest.raises(FixtureError) as caught:
        simulate("toy_v2", seed=-1)
    assert len(caught.value.problems) == 2


def test_numpy_integers_are_seeds() -> None:
    assert digest(simulate("toy_v1", seed=np.int64(8))) == digest(make("toy_v1", 8))  # type: ignore[arg-type]
