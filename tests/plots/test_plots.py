"""Pictures of fits with many modules, one and none, with traits and without."""

from __future__ import annotations

import dataclasses
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

import isograph
from isograph.backends.wgcna.tree import tree_of_dissimilarity
from isograph.bundle.model import Bundle
from isograph.plots import draw_fit, module_traits_figure, to_pdf, to_png, write_plots
from isograph.plots.dendrogram import colour_numbers, tree_lines
from isograph.results import check_target, read_fit, write_fit
from isograph.results.model import Fit
from isograph.study import make_study

ALL = {"module_traits", "modules", "soft_threshold", "dendrogram"}
EVERY = {"module_traits", "modules"}


@pytest.fixture(scope="module")
def many(realistic: Bundle) -> Fit:
    return isograph.fit(realistic, backend="wgcna")


def fitted(bundle: Bundle, backend: str = "wgcna", **fields: object) -> Fit:
    return isograph.fit(
        bundle, backend=backend, study=make_study(name="t", bundle=bundle.name, **fields)
    )


def texts(figure: Figure) -> list[str]:
    """All words of a figure."""
    found = [text.get_text() for text in figure.texts]
    if figure.get_suptitle():
        found.append(figure.get_suptitle())
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return found


def drawn_well(fit: Fit) -> set[str]:
    """Names of the pictures, all of which can be written and are not blank."""
    figures = draw_fit(fit)
    for figure in figures.values():
        pixels = np.asarray(Image.open(BytesIO(to_png(figure))).convert("L"))
        assert pixels.min() < 128
        assert to_pdf(figure).startswith(b"%PDF")
    return set(figures)


def test_a_network_has_all_four(many: Fit) -> None:
    assert drawn_well(many) == ALL


def test_every_backend_has_heatmap_and_sizes(realistic_fit: Fit) -> None:
    assert drawn_well(realistic_fit) == EVERY


def test_a_fit_without_modules_says_so() -> None:
    fit = fitted(isograph.simulate("negative_control_noise-noise0.50", seed=3))
    assert fit.summary.empty
    assert drawn_well(fit) == ALL
    assert "no module to test" in texts(module_traits_figure(fit))


def test_a_fit_with_one_module() -> None:
    fit = fitted(isograph.simulate("noisy_v1", seed=3))
    assert len(fit.summary) == 1
    assert drawn_well(fit) == ALL


def test_a_fit_without_traits_says_so(toy: Bundle) -> None:
    bare = dataclasses.replace(toy, samples=toy.samples[["sample_id"]])
    for backend, expected in (("wgcna", ALL), ("calibrated", EVERY)):
        fit = fitted(bare, backend)
        assert len(fit.summary) == 2
        assert drawn_well(fit) == expected
        assert "no trait to test" in texts(module_traits_figure(fit))


def test_a_network_of_several_blocks(many: Fit) -> None:
    # the same tree twice, as if there were two blocks
    from isograph.backends.wgcna import dendrogram

    (one,) = dendrogram.read_dendrograms(many.files)
    twice = dataclasses.replace(many, files={dendrogram.FILE: dendrogram.to_bytes([one, one])})
    figure = draw_fit(twice)["dendrogram"]
    assert [axes.get_title(loc="left") for axes in figure.axes[::3]] == [
        "block 1 of 2",
        "block 2 of 2",
    ]


def test_the_heatmap_shows_r_and_stars_of_q(many: Fit) -> None:
    shown = texts(module_traits_figure(many))
    tests = many.traits.dropna(subset=["r"])
    for row in tests.to_dict("records"):
        stars = sum(row["qvalue"] <= limit for limit in (0.05, 0.01, 0.001)) * "*"
        assert f"{round(row['r'], 2) + 0.0:.2f}{stars}" in shown
    assert set(tests["trait"]) <= set(shown)
    assert f"M000 ({many.summary['n_genes'].iloc[0]})" in shown


def test_of_many_traits_those_with_the_smallest_p_are_shown(many: Fit) -> None:
    import pyarrow as pa

    part = many.traits[many.traits["trait"] == many.traits["trait"].iloc[0]]
    copies = [part.assign(trait=f"t{i:02d}", pvalue=1.0 - i / 50) for i in range(45)]
    table = pa.Table.from_pandas(
        pd.concat(copies), schema=many.tables["traits"].schema, preserve_index=False
    )
    figure = module_traits_figure(
        dataclasses.replace(many, tables=dict(many.tables) | {"traits": table})
    )
    shown = {text for text in texts(figure) if text.startswith("t")}
    assert shown == {f"t{i:02d}" for i in range(15, 45)}
    assert any("30 of 45 traits" in text for text in texts(figure))


def test_the_chosen_power_and_its_rule_are_named(many: Fit) -> None:
    assert many.calibration is not None
    words = " ".join(texts(draw_fit(many)["soft_threshold"]))
    assert f"power {many.calibration['power']:g}" in words
    assert "by number of samples" in words


def test_a_tree_is_drawn_where_its_leaves_and_merges_are() -> None:
    # leaves 0 and 2 join at 0.2, 1 comes at 0.5 on average
    tree = tree_of_dissimilarity(np.array([0.4, 0.2, 0.6]))
    lines = tree_lines(tree)
    assert lines.shape == (6, 2, 2)
    bars = lines[4:]
    np.testing.assert_allclose(bars[:, :, 1], [[0.2, 0.2], [0.5, 0.5]])
    place = np.argsort(tree.order)
    np.testing.assert_allclose(np.sort(bars[0, :, 0]), np.sort(place[[0, 2]]))
    np.testing.assert_allclose(np.sort(bars[1, :, 0]), np.sort([place[1], place[[0, 2]].mean()]))


def test_modules_of_the_tree_cut_have_the_colours_of_what_they_became() -> None:
    # 0 and 2 became module 1 (2 gave more), 1 became module 0, 3 dissolved
    cut = np.array([0, 0, 2, 2, 2, 1, 1, 3, -1])
    modules = np.array([1, 1, 1, 1, 1, 0, -1, -1, 0])
    numbers = colour_numbers(cut, modules, first_free=2)
    np.testing.assert_array_equal(numbers, [2, 2, 1, 1, 1, 0, 0, 3, -1])
    none = np.full(3, -1)
    np.testing.assert_array_equal(colour_numbers(none, none, first_free=0), none)


def test_a_stored_fit_gives_the_same_pictures(many: Fit, tmp_path: Path) -> None:
    stored = read_fit(write_fit(many, tmp_path / "fit"))
    ours, theirs = draw_fit(many), draw_fit(stored)
    assert set(ours) == set(theirs)
    for name, figure in ours.items():
        assert to_png(figure) == to_png(theirs[name]), name
        assert to_pdf(figure) == to_pdf(theirs[name]), name


def test_a_fit_with_pictures_is_replaced_like_any_other(many: Fit, tmp_path: Path) -> None:
    folder = write_fit(many, tmp_path / "fit")
    assert len(write_plots(many, folder)) == 8
    check_target(folder, overwrite=False)
    write_fit(many, folder)
    assert not list(folder.glob("*.png"))
