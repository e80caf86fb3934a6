"""Every picture of a module: what is in it, how much of it, and that it can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from isograph.annotation.model import Annotation
from isograph.explanation.drivers import driver_table
from isograph.explanation.pictures import (
    Picture,
    draw_profile,
    drivers_figure,
    eigengene_traits_figure,
    gene_structure_figure,
    heatmap_figure,
    network_figure,
    usage_figure,
)
from isograph.explanation.pictures.usage import clear_switches
from isograph.explanation.polarity import polarity_table
from isograph.explanation.source import PROGRAMME, Profile, Source
from isograph.explanation.usage import TranscriptUsage
from isograph.plots.style import BLUE, RED, ROLE_COLOURS, to_pdf, to_png
from tests.explanation.pictures.made import check_readable, made_drivers, made_profile, words

NO_NAMES = pd.Series(dtype=str)
NAMES = ["drivers", "usage", "heatmap", "eigengene_traits", "network"]


def draw(source: Source, profile: Profile, **kinds: Annotation) -> dict[str, Picture]:
    usage = source.usage.read(profile.genes)
    return draw_profile(
        source,
        profile,
        drivers=driver_table(source, profile).to_pandas(),
        polarity=polarity_table(source, profile, usage).to_pandas(),
        **kinds,
    )


def drawn(picture: Picture | None) -> Picture:
    """It is there, can be read, says what it shows, and is no large file."""
    assert picture is not None
    check_readable(picture.figure)
    assert picture.caption.endswith(".")
    assert len(to_png(picture.figure)) < 100_000
    return picture


def traits_of(source: Source, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Source:
    """The same fit with other rows of trait tests."""
    import pyarrow as pa

    table = source.fit.tables["traits"]
    frame = change(source.fit.traits)
    made = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
    return replace(
        source, fit=replace(source.fit, tables=dict(source.fit.tables) | {"traits": made})
    )


def test_a_module_has_all_pictures_in_order(
    toy_source: Source, profile: Profile, annotation: Annotation
) -> None:
    pictures = draw(toy_source, profile, annotation=annotation)
    assert list(pictures) == [*NAMES, "gene_structure_1", "gene_structure_2", "gene_structure_3"]
    for picture in pictures.values():
        drawn(picture)
        assert to_pdf(picture.figure).startswith(b"%PDF")


def test_the_same_module_gives_the_same_bytes(toy_source: Source, profile: Profile) -> None:
    first, second = draw(toy_source, profile), draw(toy_source, profile)
    for name, picture in first.items():
        assert to_png(picture.figure) == to_png(second[name].figure), name
        assert to_pdf(picture.figure) == to_pdf(second[name].figure), name


def test_programmes_have_pictures_but_no_network(with_programmes: Source) -> None:
    profiles = [p for p in with_programmes.profiles.values() if p.kind == PROGRAMME]
    assert profiles
    pictures = draw(with_programmes, profiles[0])
    assert "network" not in pictures
    assert {"drivers", "heatmap", "eigengene_traits"} <= set(pictures)
    for picture in pictures.values():
        drawn(picture)
        assert not any("module" in text for text in words(picture.figure))


def test_modules_with_gaps_and_a_covariate_are_drawn(gappy_source: Source) -> None:
    profile = gappy_source.profiles["M000"]
    pictures = draw(gappy_source, profile)
    assert list(pictures) == NAMES
    for picture in pictures.values():
        drawn(picture)
    assert "adjusted" in pictures["usage"].caption


# --- drivers


@pytest.mark.parametrize("n", [1, 3, 20, 3000])
def test_drivers_of_modules_of_any_size_are_drawn(n: int) -> None:
    table = made_drivers(n, outside=20)
    picture = drawn(drivers_figure(table, profile=made_profile(), names=NO_NAMES))
    shown = words(picture.figure)
    told = f"20 of {n:,} genes" if n > 20 else f"{n} gene"
    assert picture.caption.startswith(told)
    assert any(text.startswith(told) for text in shown)
    labels = [label.get_text() for label in picture.figure.axes[0].get_yticklabels()]
    assert len(labels) == min(n, 20) + 5
    inside = table["gene_id"].head(min(n, 20))
    assert [label.removesuffix(" (−)") for label in labels][: len(inside)] == list(inside)
    assert "outside the module:" in shown


def test_falling_drivers_are_marked(drivers: pd.DataFrame, profile: Profile) -> None:
    table = made_drivers(6)
    picture = drawn(drivers_figure(table, profile=profile, names=NO_NAMES))
    labels = [label.get_text() for label in picture.figure.axes[0].get_yticklabels()]
    assert [label.endswith(" (−)") for label in labels] == list(table["r"] < 0)


def test_marks_stand_at_r_and_at_r_without_the_gene_in_the_direction_of_r() -> None:
    table = made_drivers(6).assign(r_loo=[0.5, 0.4, -0.3, 0.2, 0.1, 0.2])  # the last one turns
    picture = drawn(drivers_figure(table, profile=made_profile(), names=NO_NAMES))
    lines = picture.figure.axes[0].get_lines()
    hollow = next(line for line in lines if line.get_marker() == "D")
    expected = np.arctanh([0.5, 0.4, 0.3, 0.2, 0.1, -0.2])
    np.testing.assert_allclose(hollow.get_xdata(), expected)
    switch = next(line for line in lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.tanh(switch.get_xdata()), table["r"].abs()[::2])


def test_outside_drivers_without_an_interval_are_left_out() -> None:
    table = made_drivers(3, outside=4)
    table.loc[[3, 4], ["r_low", "r_high"]] = np.nan
    table.loc[3, "r"] = 1.0
    picture = drivers_figure(table, profile=made_profile(), names=NO_NAMES)
    shown = words(drawn(picture).figure)
    assert "G00003" not in shown
    assert "G00005 (−)" in shown


def test_drivers_with_unknown_numbers_are_drawn() -> None:
    table = made_drivers(5)
    table.loc[0, "r"] = np.nan
    table.loc[1, ["r_low", "r_high", "r_loo"]] = np.nan
    picture = drawn(drivers_figure(table, profile=made_profile(), names=NO_NAMES))
    assert "G00000" not in words(picture.figure)
    assert drivers_figure(table.head(1), profile=made_profile(), names=NO_NAMES) is None


def test_a_perfect_correlation_has_a_place() -> None:
    table = made_drivers(3).assign(r=1.0, r_low=1.0, r_high=1.0, r_loo=1.0)
    drawn(drivers_figure(table, profile=made_profile(), names=NO_NAMES))


def test_long_and_odd_names_are_cut_and_told_apart() -> None:
    table = made_drivers(4)
    odd = ["$x$ and $y$", "a name as long as a sentence of many words, or two", "DUP", "DUP"]
    names = pd.Series(odd, index=table["gene_id"])
    picture = drawn(drivers_figure(table, profile=made_profile(), names=names))
    shown = words(picture.figure)
    assert r"\$x\$ and \$y\$" in shown
    assert any(text.startswith("a name") and text.endswith("or two") for text in shown)
    assert {"DUP …G00003", "DUP …G00002 (−)"} <= set(shown)


# --- usage


def test_usage_shows_the_rising_and_the_falling_transcript(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame, polarity: pd.DataFrame
) -> None:
    picture = drawn(usage_figure(toy_source, profile, drivers=drivers, polarity=polarity))
    clear = clear_switches(polarity)
    assert (clear["qvalue"] <= 0.05).all()
    assert len(clear)
    shown = words(picture.figure)
    for pair in clear.head(9).to_dict("records"):
        assert pair["gene_id"] in shown
        assert f"▲ {pair['transcript_up']}" in shown
        assert f"▼ {pair['transcript_down']}" in shown
    n = f"9 of {len(clear)}" if len(clear) > 9 else str(len(clear))
    assert picture.caption.startswith(f"{n} genes with a clear switch")


def test_red_rises_and_blue_falls(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame, polarity: pd.DataFrame
) -> None:
    picture = drawn(usage_figure(toy_source, profile, drivers=drivers, polarity=polarity))
    for axes in picture.figure.axes:
        for colour, sign in ((RED, 1), (BLUE, -1)):
            (line,) = (line for line in axes.get_lines() if line.get_color() == colour)
            assert sign * (line.get_ydata()[-1] - line.get_ydata()[0]) > 0.1


def test_large_and_sure_switches_come_first(polarity: pd.DataFrame) -> None:
    genes = polarity["gene_id"].unique()[:3]
    rows = [
        (gene, f"{gene}.{end}", sign * shift, q)
        for gene, shift, q in zip(genes, (0.9, 0.5, 0.6), (0.04, 1e-20, 0.2), strict=True)
        for end, sign in (("a", 1), ("b", -1))
    ]
    columns = ["gene_id", "transcript_id", "usage_shift", "qvalue"]
    table = pd.DataFrame(rows, columns=columns).assign(usage_low=0.4, usage_high=0.5, r=0.5)
    # large but barely clear, smaller but sure, and not clear at all
    assert clear_switches(table)["gene_id"].tolist() == [genes[1], genes[0]]


@pytest.mark.parametrize(("most", "n_axes"), [(1, 1), (2, 2), (4, 4), (5, 5), (9, 9)])
def test_as_many_panels_as_asked_for(
    toy_source: Source,
    profile: Profile,
    drivers: pd.DataFrame,
    polarity: pd.DataFrame,
    most: int,
    n_axes: int,
) -> None:
    picture = usage_figure(toy_source, profile, drivers=drivers, polarity=polarity, most=most)
    assert len(drawn(picture).figure.axes) == n_axes
    for axes in drawn(picture).figure.axes:
        assert axes.get_ylim() == (-0.03, 1.03)


def test_usage_with_gaps_and_long_ids_is_drawn(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame, polarity: pd.DataFrame
) -> None:
    usage = toy_source.usage.read(profile.genes)
    share = usage.share.copy()
    share[:, ::4] = np.nan
    long = {name: f"{name}-{'x' * 40}-end" for name in usage.transcript_ids}
    ids = np.array([long[name] for name in usage.transcript_ids])
    told = polarity.assign(transcript_id=polarity["transcript_id"].map(long))
    gappy = TranscriptUsage(ids, usage.gene_ids, share)
    picture = usage_figure(toy_source, profile, drivers=drivers, polarity=told, usage=gappy)
    names = [text for text in words(drawn(picture).figure) if text.startswith("▲")]
    assert names
    assert all("…" in name and name.endswith("end") for name in names)


def test_without_usage_the_abundance_is_shown_and_said(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame, polarity: pd.DataFrame
) -> None:
    for table, why in (
        (polarity.head(0), "None of its genes has two transcripts with reads"),
        (polarity.assign(qvalue=1.0), "No gene has a clear switch"),
    ):
        picture = drawn(usage_figure(toy_source, profile, drivers=drivers, polarity=table))
        assert picture.caption.startswith(why)
        assert any(text.startswith(why) for text in words(picture.figure))
        assert "abundance (SD)" in words(picture.figure)


def test_without_usage_and_abundance_there_is_no_picture(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame, polarity: pd.DataFrame
) -> None:
    switch = drivers[drivers["feature_type"] == "switch"]
    none = usage_figure(toy_source, profile, drivers=switch, polarity=polarity.head(0))
    assert none is None


# --- heatmap


def test_the_heatmap_has_rows_by_falling_r_and_samples_by_the_profile(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame
) -> None:
    picture = drawn(heatmap_figure(toy_source, profile, drivers=drivers, most=8))
    inside = drivers[drivers["in_module"]].head(8).sort_values("r", ascending=False, kind="stable")
    axes = next(a for a in picture.figure.axes if len(a.get_yticks()) == len(inside))
    assert [label.get_text() for label in axes.get_yticklabels()] == list(inside["gene_id"])
    image = np.asarray(axes.get_images()[0].get_array())
    features = toy_source.features_for(profile)
    row = features.meta["feature_id"].tolist().index(inside["feature_id"].iloc[0])
    np.testing.assert_allclose(image[0], features.values[row][np.argsort(profile.values)])
    assert picture.caption.startswith(f"8 of {drivers['in_module'].sum()} genes of the module")


def test_the_heatmap_marks_what_was_not_observed(gappy_source: Source) -> None:
    profile = gappy_source.profiles["M000"]
    drivers = driver_table(gappy_source, profile).to_pandas()
    gaps = drivers[(drivers["missingness"] > 0) & drivers["in_module"]]
    assert len(gaps)
    picture = drawn(heatmap_figure(gappy_source, profile, drivers=gaps))
    axes = next(a for a in picture.figure.axes if len(a.get_yticks()) == len(gaps))
    masked = np.ma.getmaskarray(axes.get_images()[0].get_array())
    np.testing.assert_allclose(
        masked.mean(axis=1), gaps.sort_values("r", ascending=False)["missingness"]
    )


def test_a_heatmap_without_traits_has_no_strips(
    toy_source: Source, profile: Profile, drivers: pd.DataFrame
) -> None:
    bare = traits_of(toy_source, lambda table: table.head(0))
    with_traits = drawn(heatmap_figure(toy_source, profile, drivers=drivers))
    without = drawn(heatmap_figure(bare, profile, drivers=drivers))
    assert len(without.figure.axes) < len(with_traits.figure.axes)
    assert "traits" not in without.caption


def test_levels_have_a_legend(toy_source: Source, profile: Profile, drivers: pd.DataFrame) -> None:
    shown = words(drawn(heatmap_figure(toy_source, profile, drivers=drivers)).figure)
    assert {"Control", "SCZD"} <= set(shown)


# --- traits


def test_every_tested_trait_has_a_panel_with_effect_and_q(
    toy_source: Source, profile: Profile
) -> None:
    tests = toy_source.fit.traits
    tests = tests[tests["module_id"] == profile.name].dropna(subset=["pvalue"])
    picture = drawn(eigengene_traits_figure(toy_source, profile))
    assert len(picture.figure.axes) == len(tests)
    shown = words(picture.figure)
    assert set(tests["trait"]) <= set(shown)
    assert sum(", q " in text for text in shown) == len(tests)
    assert any(text.startswith("SCZD v Control: ") for text in shown)
    sizes = toy_source.features.samples["Dx"].value_counts()
    assert f"Control\nn = {sizes['Control']}" in shown


def test_of_one_trait_there_is_one_panel_and_of_none_no_picture(
    toy_source: Source, profile: Profile
) -> None:
    one = traits_of(toy_source, lambda table: table[table["trait"] == "Age"])
    assert len(drawn(eigengene_traits_figure(one, profile)).figure.axes) == 1
    none = traits_of(toy_source, lambda table: table.assign(pvalue=np.nan, qvalue=np.nan, r=np.nan))
    assert eigengene_traits_figure(none, profile) is None


def test_many_levels_with_long_names_are_cut(toy_source: Source, profile: Profile) -> None:
    from isograph.features.traits import infer_traits

    n = toy_source.features.n_samples
    samples = toy_source.features.samples
    sites = [f"a hospital with a long name, ward {i % 11:02d}" for i in range(n)]
    batch = np.where(np.arange(n) % 5 == 0, None, np.array(sites, dtype=object))
    samples = samples.assign(Dx=batch)
    features = replace(toy_source.features, samples=samples, traits=infer_traits(samples))
    test = {"test": "anova", "effect": 0.3, "level": None, "reference_level": None}
    changed = replace(traits_of(toy_source, lambda t: t.assign(**test)), features=features)
    picture = drawn(eigengene_traits_figure(changed, profile))
    assert any("8 of 11 levels" in text for text in words(picture.figure))
    drivers = driver_table(toy_source, profile).to_pandas()
    heat = words(drawn(heatmap_figure(changed, profile, drivers=drivers)).figure)
    assert any(text.endswith(" more") for text in heat)
    assert "missing" in heat


# --- network


def test_the_network_shows_the_best_connected_genes_by_role(
    toy_source: Source, profile: Profile
) -> None:
    picture = drawn(network_figure(toy_source, profile, most=6))
    edges = toy_source.fit.edges
    inside = edges["source"].isin(profile.genes) & edges["target"].isin(profile.genes)
    edges = edges[inside]
    within = pd.concat([edges.set_index(end)["weight"] for end in ("source", "target")])
    within = within.groupby(level=0).sum().sort_values(ascending=False)
    genes = set(within.index[:6])
    shown = {text for text in words(picture.figure) if text in set(within.index)}
    assert shown == genes
    roles = set(toy_source.fit.roles.set_index("gene_id")["module_role"].reindex(list(genes)))
    assert {role.replace("_", " ") for role in roles} <= set(words(picture.figure))
    assert picture.caption.startswith(f"6 of {len(within)} genes with edges")


def test_a_module_of_thousands_of_genes_has_a_network_of_forty(
    toy_source: Source, profile: Profile
) -> None:
    import pyarrow as pa

    rng = np.random.default_rng(3)
    n = 3000
    ends = np.sort(rng.integers(0, n, (12 * n, 2)), axis=1)
    ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
    ids = np.array([f"G{i:05d}" for i in range(n)])
    table = toy_source.fit.tables["edges"]
    frame = pd.DataFrame({"source": ids[ends[:, 0]], "target": ids[ends[:, 1]]})
    frame["weight"] = rng.random(len(frame))
    edges = pa.Table.from_pandas(
        frame.reindex(columns=table.schema.names), schema=table.schema, preserve_index=False
    )
    fit = replace(toy_source.fit, tables=dict(toy_source.fit.tables) | {"edges": edges})
    large = replace(toy_source, fit=fit)
    picture = drawn(network_figure(large, replace(profile, genes=ids)))
    shown = [text for text in words(picture.figure) if text in set(ids)]
    assert len(shown) <= 40
    assert "of 3,000 genes with edges" in picture.caption


def test_a_module_without_an_edge_and_a_programme_have_no_network(
    toy_source: Source, profile: Profile
) -> None:
    assert network_figure(toy_source, replace(profile, genes=profile.genes[:1])) is None
    assert network_figure(toy_source, replace(profile, kind=PROGRAMME)) is None


def test_roles_have_different_colours() -> None:
    assert len(set(ROLE_COLOURS.values())) == len(ROLE_COLOURS)


# --- structure


def test_a_gene_is_drawn_with_its_exons_and_usage(
    profile: Profile, polarity: pd.DataFrame, annotation: Annotation
) -> None:
    pair = clear_switches(polarity).iloc[0]
    picture = gene_structure_figure(
        annotation, pair["gene_id"], profile=profile, polarity=polarity, names=NO_NAMES
    )
    figure = drawn(picture).figure
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:2] == [f"▲ {pair['transcript_up']}", f"▼ {pair['transcript_down']}"]
    assert len(labels) == (polarity["gene_id"] == pair["gene_id"]).sum()
    assert any("chr1:101–98,000 (−)" in text for text in words(figure))
    rows = annotation.rows_of([pair["transcript_up"]])
    boxes = figure.axes[0].collections[1].get_paths()
    assert len(boxes) == len(annotation.exons(rows[0])) + len(annotation.coding(rows[0]))
    # the ends of the gene are the ends of the axis; one base more or less would show
    ends = np.concatenate([box.vertices[:, 0] for box in boxes])
    assert ends.min() == 0
    assert ends.max() == 1


def test_transcripts_that_the_annotation_lacks_are_named(
    profile: Profile, polarity: pd.DataFrame, annotation: Annotation
) -> None:
    gene = clear_switches(polarity)["gene_id"].iloc[0]
    first = polarity[polarity["gene_id"] == gene]["transcript_id"].iloc[0]
    table = polarity.replace({"transcript_id": {first: "unknown"}})
    picture = gene_structure_figure(
        annotation, gene, profile=profile, polarity=table, names=NO_NAMES
    )
    assert words(drawn(picture).figure).count("not in the annotation") == 1
    none = polarity.assign(transcript_id="unknown")
    unknown = gene_structure_figure(
        annotation, gene, profile=profile, polarity=none, names=NO_NAMES
    )
    assert unknown is None


def test_of_many_transcripts_the_most_used_are_shown(
    profile: Profile, polarity: pd.DataFrame, annotation: Annotation
) -> None:
    gene = "many"
    table = pd.concat([polarity] * 3, ignore_index=True).head(30)
    use = np.linspace(0.0, 0.1, len(table))
    shift = np.where(np.arange(len(table)) == 4, 0.3, np.where(np.arange(len(table)) == 5, -0.3, 0))
    table = table.assign(gene_id=gene, usage_high=use, usage_low=use, usage_shift=shift)
    table["transcript_id"] = annotation.transcripts["transcript_id"].to_numpy()[:30]
    picture = gene_structure_figure(
        annotation, gene, profile=profile, polarity=table, names=NO_NAMES
    )
    labels = [label.get_text() for label in drawn(picture).figure.axes[0].get_yticklabels()]
    wanted = table["transcript_id"].iloc[[4, 5, *range(29, 23, -1)]].tolist()
    assert [label.lstrip("▲▼ ") for label in labels] == wanted
    assert picture is not None
    assert "8 of 30 transcripts, most used" in picture.caption
