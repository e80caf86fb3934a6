"""The index page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from isograph.explanation.model import Explanations
from isograph.explanation.page import Picture, index_page, index_pictures
from isograph.explanation.source import Source
from isograph.files import to_arrow
from isograph.plots import draw_fit, to_png
from isograph.results.model import Fit
from tests.explanation.page.html import Page

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"


def fit_pictures(fit: Fit) -> dict[str, Picture]:
    return index_pictures({name: to_png(figure) for name, figure in draw_fit(fit).items()})


def _page(explanations: Explanations, *explained: str, **pictures: Picture) -> Page:
    return Page(index_page(explanations, pictures=pictures, explained=explained))


def _with_modules(explanations: Explanations, n: int) -> Explanations:
    """The first module of a fit as often as asked for; none for 0."""
    fit = explanations.source.fit
    tables = dict(fit.tables)
    for name in ("modules", "traits", "module_gene_roles", "eigengenes", "module_summary"):
        table = fit.tables[name].to_pandas()
        one = table[table["module_id"] == "M000"]
        copies = np.repeat(np.arange(n), len(one))
        many = one.iloc[np.tile(np.arange(len(one)), n)]
        many = many.assign(module_id=[f"M{number:03d}" for number in copies])
        tables[name] = to_arrow(many, fit.tables[name].schema)
    source = explanations.source
    changed = Source(replace(fit, tables=tables), source.bundle, source.features)
    return replace(explanations, source=changed, parts=())


def test_every_module_is_listed_and_only_explained_ones_are_links(
    toy_explained: Explanations,
) -> None:
    page = _page(toy_explained, "M001")
    assert page.tables["modules"].column("Name") == ["M000", "M001"]
    links = {a["href"] for a in page.of("a") if not a["href"].startswith("#")}
    assert links == {"M001/module.html"}
    assert "1 of 2 have a page" in page.text


@pytest.mark.parametrize("n", [1, 20, 200])
def test_any_number_of_modules_is_listed_whole(toy_explained: Explanations, n: int) -> None:
    page = _page(_with_modules(toy_explained, n))
    assert len(page.tables["modules"].rows) == n
    assert not page.broken
    assert f"Modules {n} " in page.text


def test_fit_without_modules_says_so(toy_explained: Explanations) -> None:
    page = _page(_with_modules(toy_explained, 0))
    assert "The fit found neither modules nor broad factors." in page.text
    assert not page.broken


def test_module_row_has_its_figures(toy_explained: Explanations) -> None:
    table = _page(toy_explained).tables["modules"]
    summary = toy_explained.source.fit.summary
    assert table.column("Genes") == [f"{n:,}" for n in summary["n_genes"]]
    assert table.column("Stability") == [f"{value:.3f}" for value in summary["stability"]]
    assert table.column("Top genes") == summary["top_genes"].tolist()
    assert table.column("Kind") == ["module", "module"]


def test_closest_trait_is_that_with_the_smallest_p(toy_explained: Explanations) -> None:
    tests = toy_explained.source.fit.traits
    best = tests.sort_values("pvalue").drop_duplicates("module_id").set_index("module_id")
    shown = _page(toy_explained).tables["modules"].column("Closest trait")
    for name, text in zip(["M000", "M001"], shown, strict=True):
        assert text.startswith(f"{best.loc[name, 'trait']} ")


def test_filter_finds_the_modules_of_any_gene_by_id_or_name(
    toy_explained: Explanations, renamed: Callable[[Explanations, str], Explanations]
) -> None:
    page = _page(renamed(toy_explained, "TP53"))
    rows = [row["data-find"].split() for row in page.of("tr") if "data-find" in row]
    for name, found in zip(["M000", "M001"], rows, strict=True):
        genes = toy_explained.source.profiles[name].genes
        assert set(found) == {*genes, "TP53"}


def test_roles_are_a_bar_with_words_for_readers(toy_explained: Explanations) -> None:
    page = _page(toy_explained)
    row = toy_explained.source.fit.summary.iloc[0]
    assert f"{row['n_switch_only']} switch only" in page.of("svg")[0]["aria-label"]
    widths = [float(rect["width"]) for rect in page.of("rect")]
    assert sum(widths) == pytest.approx(200.0, abs=0.1)


def test_programmes_are_listed_with_what_they_follow(programmes_explained: Explanations) -> None:
    fit = programmes_explained.source.fit
    table = _page(programmes_explained).tables["modules"]
    place = table.column("Name").index("P00")
    assert table.column("Kind")[place] == "factor, taken out"
    assert table.column("Closest trait")[place].startswith(fit.programmes["best_match"].iloc[0])
    assert table.column("Genes")[place] == f"{fit.programmes['n_genes'].iloc[0]:,}"


def test_switch_contrasts_are_the_first_hundred_by_q(toy_explained: Explanations) -> None:
    contrasts = toy_explained.switch_contrasts
    assert contrasts is not None
    frame = contrasts.to_pandas().sort_values(["qvalue", "pvalue", "trait", "gene_id"])
    page = _page(toy_explained)
    shown = page.tables["switch_contrasts"]
    assert shown.column("Gene") == frame["gene_id"].head(100).tolist()
    assert shown.column("Trait")[0] in ("Dx SCZD v Control", "Sex M v F")


def test_many_switch_contrasts_are_counted_and_their_file_named(
    toy_explained: Explanations,
) -> None:
    contrasts = toy_explained.switch_contrasts
    assert contrasts is not None
    many = contrasts.take(list(range(contrasts.num_rows)) * 5)
    page = _page(replace(toy_explained, switch_contrasts=many))
    assert len(page.tables["switch_contrasts"].rows) == 100
    assert f"of {many.num_rows:,}. All are in switch_contrasts.parquet" in page.text


def test_without_two_level_traits_there_are_no_contrasts(toy_explained: Explanations) -> None:
    page = _page(replace(toy_explained, switch_contrasts=None))
    assert "switch_contrasts" not in page.tables


def test_fates_of_genes_add_up_to_all_genes(toy_explained: Explanations) -> None:
    counts = _page(toy_explained).tables["fates"].column("Genes")
    assert sum(int(n.replace(",", "")) for n in counts) == len(toy_explained.source.fit.fates)


def test_names_with_markup_come_out_as_text(
    toy_explained: Explanations, renamed: Callable[[Explanations, str], Explanations]
) -> None:
    page = _page(renamed(toy_explained, EVIL), "M000")
    assert len(page.of("script")) == 1
    assert not page.of("img")
    assert not page.broken
    assert page.text.count("<script>alert(1)</script>") > 10


def test_pictures_of_the_fit_are_inlined(toy_explained: Explanations) -> None:
    pictures = fit_pictures(toy_explained.source.fit)
    page = _page(toy_explained, **pictures)
    assert list(pictures) == ["module_traits", "modules"]
    assert [image["alt"].split(":")[0] for image in page.of("img")] == [
        pictures["module_traits"].title,
        pictures["modules"].title.split(":")[0],
    ]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.of("img"))


def test_same_fit_gives_the_same_text(toy_explained: Explanations) -> None:
    once, again = (
        index_page(
            toy_explained,
            pictures=fit_pictures(toy_explained.source.fit),
            explained=["M000"],
        )
        for _ in range(2)
    )
    assert once == again
