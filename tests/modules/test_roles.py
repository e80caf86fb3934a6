"""Roles of hand-made genes, and what they are tested against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from isograph.communities.profile import leading_profile
from isograph.features.model import FeatureSet
from isograph.modules.eigengenes import Eigengenes
from isograph.modules.roles import module_roles
from isograph.network.significance import benjamini_hochberg, correlation_pvalue
from tests.network.synthetic import ABUNDANCE, SWITCH, Floats, feature_set, orthonormal

pytestmark = pytest.mark.filterwarnings("error")

N = 120
E, *OWN = orthonormal(np.random.default_rng(0), 40, N)


def mixed(*parts: tuple[float, Floats], rest: Floats) -> Floats:
    """A row with exactly these correlations with orthonormal rows, the remainder from `rest`."""
    left = 1 - sum(weight**2 for weight, _ in parts)
    return np.sum([weight * row for weight, row in parts], axis=0) + np.sqrt(left) * rest


# (kind, row) of each gene's features
GENES: dict[str, list[tuple[str, Floats]]] = {
    "coupled": [
        (ABUNDANCE, mixed((0.7, E), rest=OWN[0])),
        (SWITCH, mixed((0.8, E), rest=OWN[1])),
    ],
    "discordant": [
        (ABUNDANCE, mixed((-0.7, E), rest=OWN[2])),
        (SWITCH, mixed((0.8, E), rest=OWN[3])),
    ],
    "both against": [
        (ABUNDANCE, mixed((-0.7, E), rest=OWN[4])),
        (SWITCH, mixed((-0.8, E), rest=OWN[5])),
    ],
    "switch only": [(ABUNDANCE, OWN[6]), (SWITCH, mixed((-0.6, E), rest=OWN[7]))],
    "abundance only": [(ABUNDANCE, mixed((0.6, E), rest=OWN[8])), (SWITCH, OWN[9])],
    "inactive": [
        (ABUNDANCE, mixed((0.19, E), rest=OWN[10])),
        (SWITCH, mixed((0.15, E), rest=OWN[11])),
    ],
    # 0.6 · 0.5 is taken back by −0.375 · 0.8 of what they share besides
    "unrelated, switch stronger": [
        (ABUNDANCE, mixed((0.5, E), (-0.375, OWN[12]), rest=OWN[13])),
        (SWITCH, mixed((0.6, E), rest=OWN[12])),
    ],
    "unrelated, abundance stronger": [
        (ABUNDANCE, mixed((0.6, E), rest=OWN[14])),
        (SWITCH, mixed((0.5, E), (-0.375, OWN[14]), rest=OWN[15])),
    ],
    "one isoform": [(ABUNDANCE, mixed((0.6, E), rest=OWN[16]))],
    "no abundance": [(SWITCH, mixed((0.6, E), rest=OWN[17]))],
    "later axis": [
        (ABUNDANCE, OWN[18]),
        (SWITCH, mixed((0.3, E), rest=OWN[19])),
        (SWITCH, mixed((0.7, E), rest=OWN[20])),
    ],
    "leading axis": [
        (ABUNDANCE, OWN[21]),
        (SWITCH, mixed((0.3, E), rest=OWN[22])),
        (SWITCH, mixed((0.7, E), rest=OWN[23])),
    ],
}
NAMES = list(GENES)


def made(*, without: Sequence[str] = ("leading axis",)) -> tuple[FeatureSet, Eigengenes]:
    """All genes in one module whose eigengene is E; `without` have no feature in it."""
    rows = [row for features in GENES.values() for _, row in features]
    kinds = [kind for features in GENES.values() for kind, _ in features]
    owner = [number for number, features in enumerate(GENES.values()) for _ in features]
    features = feature_set(np.array(rows), genes=owner, kinds=kinds)
    r = features.values @ E / N
    # of each channel the axis that follows E best, as the eigengene chooses it
    chosen = [
        row
        for row in range(len(rows))
        if NAMES[owner[row]] not in without
        and not any(
            other != row
            and owner[other] == owner[row]
            and kinds[other] == kinds[row]
            and abs(r[other]) > abs(r[row])
            for other in range(len(rows))
        )
    ]
    return features, Eigengenes(
        values=E[None],
        variance_explained=np.array([0.5]),
        rows=np.array(chosen),
        module=np.zeros(len(chosen), dtype=int),
        loading=r[chosen],
    )


def table(features: FeatureSet, eigengenes: Eigengenes, labels: np.ndarray) -> pd.DataFrame:
    ids = np.array([f"M{k:03d}" for k in range(len(eigengenes.values))])
    return module_roles(features, labels, eigengenes, module_ids=ids, active_r=0.2)


@pytest.fixture(scope="module")
def roles() -> pd.DataFrame:
    features, eigengenes = made()
    found = table(features, eigengenes, np.zeros(len(NAMES), dtype=int))
    return found.assign(gene_id=NAMES).set_index("gene_id")


@pytest.mark.parametrize(
    ("gene", "role"),
    [
        ("coupled", "coupled"),
        ("discordant", "discordant"),
        ("both against", "coupled"),  # usage and total go together, if against the module
        ("switch only", "switch_only"),
        ("abundance only", "abundance_only"),
        ("inactive", "inactive"),
        ("unrelated, switch stronger", "switch_only"),
        ("unrelated, abundance stronger", "abundance_only"),
        ("one isoform", "abundance_only"),
        ("no abundance", "switch_only"),
    ],
)
def test_each_gene_has_the_role_it_was_made_for(roles: pd.DataFrame, gene: str, role: str) -> None:
    assert roles.loc[gene, "module_role"] == role


def test_correlations_are_those_with_the_eigengene_and_between_channels(
    roles: pd.DataFrame,
) -> None:
    expected = {
        "coupled": (0.8, 0.7, 0.56),
        "discordant": (0.8, -0.7, -0.56),
        "switch only": (-0.6, 0.0, 0.0),
        "unrelated, switch stronger": (0.6, 0.5, 0.0),
    }
    for gene, values in expected.items():
        found = roles.loc[gene, ["switch_r", "abundance_r", "switch_abundance_r"]]
        np.testing.assert_allclose(found.to_numpy(dtype=float), values, atol=1e-10)


def test_a_channel_that_is_not_there_is_missing_and_not_active(roles: pd.DataFrame) -> None:
    single = roles.loc["one isoform"]
    assert pd.isna(single[["switch_r", "switch_abundance_r", "switch_q"]]).all()
    assert not single["switch_active"]
    assert single["abundance_active"]
    other = roles.loc["no abundance"]
    assert pd.isna(other[["abundance_r", "switch_abundance_r", "abundance_q"]]).all()
    assert not other["abundance_active"]


def test_a_channel_is_active_from_the_limit_on() -> None:
    features, eigengenes = made()
    labels = np.zeros(len(NAMES), dtype=int)
    ids = np.array(["M000"])
    for limit, active in ((0.149, [True, True]), (0.18, [False, True]), (0.2, [False, False])):
        found = module_roles(features, labels, eigengenes, module_ids=ids, active_r=limit)
        row = found.iloc[NAMES.index("inactive")]
        assert [row["switch_active"], row["abundance_active"]] == active


def test_a_gene_carried_by_a_later_axis_uses_it(roles: pd.DataFrame) -> None:
    assert roles.loc["later axis", "switch_r"] == pytest.approx(0.7)
    assert roles.loc["leading axis", "switch_r"] == pytest.approx(0.3)


def test_roles_do_not_depend_on_the_sign_of_the_eigengene(roles: pd.DataFrame) -> None:
    features, eigengenes = made()
    flipped = Eigengenes(
        values=-eigengenes.values,
        variance_explained=eigengenes.variance_explained,
        rows=eigengenes.rows,
        module=eigengenes.module,
        loading=-eigengenes.loading,
    )
    other = table(features, flipped, np.zeros(len(NAMES), dtype=int))
    assert other["module_role"].tolist() == roles["module_role"].tolist()
    np.testing.assert_allclose(other["switch_q"], roles["switch_q"])


def test_roles_rest_on_every_channel_they_name(roles: pd.DataFrame) -> None:
    assert roles.loc[
        ["coupled", "discordant", "switch only", "one isoform"], "role_supported"
    ].all()
    assert not roles.loc["inactive", "role_supported"]
    uses_switch = roles["module_role"].isin(["coupled", "discordant", "switch_only"])
    uses_abundance = roles["module_role"].isin(["coupled", "discordant", "abundance_only"])
    supported = roles["role_supported"].astype(bool)
    assert (roles.loc[supported & uses_switch, "switch_q"] < 0.05).all()
    assert (roles.loc[supported & uses_abundance, "abundance_q"] < 0.05).all()


def test_a_role_is_not_supported_where_one_of_its_channels_is_not_significant() -> None:
    base, *own = orthonormal(np.random.default_rng(1), 16, 20)
    strong = [mixed((0.9, base), rest=own[k]) for k in range(10)]
    weak_switch = mixed((0.3, base), rest=own[10])
    both = [mixed((0.25, base), rest=own[11]), mixed((0.9, base), rest=own[12])]
    features = feature_set(
        np.array([*strong, weak_switch, *both]),
        genes=[*range(11), 11, 11],
        kinds=[*[SWITCH] * 11, ABUNDANCE, SWITCH],
    )
    eigengenes = Eigengenes(
        values=base[None],
        variance_explained=np.array([0.6]),
        rows=np.arange(13),
        module=np.zeros(13, dtype=int),
        loading=features.values @ base / 20,
    )
    found = table(features, eigengenes, np.zeros(12, dtype=int))
    assert found["module_role"].tolist() == ["switch_only"] * 11 + ["coupled"]
    assert found["role_supported"].tolist() == [True] * 10 + [False, False]


def test_rows_are_sorted_by_module_then_gene_and_leave_out_genes_without_one() -> None:
    rng = np.random.default_rng(2)
    features = feature_set(rng.normal(size=(6, 30)))
    eigengenes = Eigengenes(
        values=orthonormal(rng, 2, 30),
        variance_explained=np.full(2, 0.5),
        rows=np.array([1, 4, 0, 5]),
        module=np.array([0, 0, 1, 1]),
        loading=np.ones(4),
    )
    found = table(features, eigengenes, np.array([1, 0, -1, -1, 0, 1]))
    assert found["module_id"].tolist() == ["M000", "M000", "M001", "M001"]
    assert found["gene_id"].tolist() == ["G00001", "G00004", "G00000", "G00005"]


def noise_module() -> tuple[FeatureSet, Eigengenes]:
    """Five genes of noise that are called a module."""
    features = feature_set(np.random.default_rng(3).normal(size=(5, 50)))
    profile, share, loading = leading_profile(features.values)
    return features, Eigengenes(
        values=profile[None],
        variance_explained=np.array([share]),
        rows=np.arange(5),
        module=np.zeros(5, dtype=int),
        loading=loading,
    )


def test_q_tests_a_gene_against_the_module_without_it() -> None:
    features, eigengenes = noise_module()
    found = table(features, eigengenes, np.zeros(5, dtype=int))
    r = []
    for gene in range(5):
        rest = [row for row in range(5) if row != gene]
        score = eigengenes.loading[rest] @ features.values[rest]
        r.append(np.corrcoef(score, features.values[gene])[0, 1])
    expected = benjamini_hochberg(correlation_pvalue(np.array(r), 48.0))
    np.testing.assert_allclose(found["switch_q"], expected, rtol=1e-8)


def test_q_without_the_gene_is_larger_than_with_it() -> None:
    features, eigengenes = noise_module()
    found = table(features, eigengenes, np.zeros(5, dtype=int))
    plain = benjamini_hochberg(correlation_pvalue(found["switch_r"].to_numpy(), 48.0))
    assert (found["switch_q"] > plain).all()
    assert (plain < 0.05).sum() == 4
    assert found["switch_q"].min() > 0.05
    assert not found["role_supported"].any()


def test_no_modules_have_no_roles() -> None:
    features = feature_set(np.random.default_rng(4).normal(size=(3, 20)))
    empty = np.empty(0, dtype=np.int64)
    eigengenes = Eigengenes(np.empty((0, 20)), np.empty(0), empty, empty, np.empty(0))
    assert len(table(features, eigengenes, np.full(3, -1))) == 0
