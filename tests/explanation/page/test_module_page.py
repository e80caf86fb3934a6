"""The page of a module or programme."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa
import pytest

from isograph.errors import OutputError
from isograph.explanation.model import Explanations
from isograph.explanation.page import Picture, module_page
from isograph.explanation.page.tables import MOST_ROWS
from isograph.files import to_arrow
from tests.explanation.page.html import Page

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"


def _page(explanations: Explanations, place: int = 0, **pictures: Picture) -> Page:
    return Page(module_page(explanations, explanations.parts[place], pictures=pictures))


def _first_with(explanations: Explanations, **tables: pa.Table) -> Explanations:
    part = explanations.parts[0]
    part = replace(part, tables=dict(part.tables) | tables)
    return replace(explanations, parts=(part, *explanations.parts[1:]))


def test_page_is_well_formed_and_every_id_is_there_once(toy_explained: Explanations) -> None:
    page = _page(toy_explained)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert not page.broken
    assert len(ids) == len(set(ids))


def test_every_link_on_the_page_leads_to_something_on_it(toy_explained: Explanations) -> None:
    page = _page(toy_explained)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    targets = {a["href"][1:] for a in page.of("a") if a["href"].startswith("#")}
    assert targets <= ids
    named = {
        attributes["aria-labelledby"]
        for _, attributes in page.tags
        if "aria-labelledby" in attributes
    }
    assert named <= ids


def test_links_are_relative_and_nothing_is_loaded(
    toy_explained: Explanations, picture: Picture
) -> None:
    text = module_page(toy_explained, toy_explained.parts[0], pictures={"white": picture})
    page = Page(text)
    for _, attributes in page.tags:
        for key in ("href", "src"):
            scheme, host, *_ = urlsplit(attributes.get(key, ""))
            assert (scheme in ("", "data"), host) == (True, "")
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"url\(|@import", text)


def test_only_the_pages_own_code_may_run(toy_explained: Explanations) -> None:
    page = _page(toy_explained)
    (policy,) = (m["content"] for m in page.of("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert not [
        name for _, a in page.tags for name in a if name.startswith("on") or name == "style"
    ]


def test_hashes_of_the_policy_are_those_of_the_code(toy_explained: Explanations) -> None:
    import base64
    import hashlib

    page = _page(toy_explained)
    (policy,) = (m["content"] for m in page.of("meta") if "http-equiv" in m)
    for kind, found in page.code.items():
        digest = hashlib.sha256("".join(found).encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_names_with_markup_come_out_as_text(
    toy_explained: Explanations, renamed: Callable[[Explanations, str], Explanations]
) -> None:
    page = _page(renamed(toy_explained, EVIL))
    assert len(page.of("script")) == 1
    assert not page.of("img")
    assert not page.broken
    assert page.text.count("<script>alert(1)</script>") > 10


def test_summary_counts_the_genes_by_role(toy_explained: Explanations) -> None:
    page, fit = _page(toy_explained), toy_explained.source.fit
    roles = fit.roles[fit.roles["module_id"] == "M000"]["module_role"].value_counts()
    n = int(roles.sum())
    assert (
        f"{n} genes whose isoform usage and abundance move together across 64 samples" in page.text
    )
    for role, count in roles.items():
        assert f"{count} {str(role).replace('_', ' ')}" in page.text


def test_summary_names_the_clearest_switch_of_the_table(toy_explained: Explanations) -> None:
    page = _page(toy_explained)
    switches = page.tables["switches"]
    up, down = switches.column("▲ Rises")[0], switches.column("▼ Falls")[0]
    assert re.search(rf"moves from {down} \(\d+% → \d+% of the gene\) to {up} \(", page.text)


def test_driver_table_has_the_rows_of_the_explanation_in_order(
    toy_explained: Explanations,
) -> None:
    shown = _page(toy_explained).tables["gene_driver_table"]
    drivers = toy_explained.parts[0].table("gene_driver_table")
    assert shown.column("Gene") == drivers["gene_id"].tolist()
    assert shown.column("Member") == ["yes" if own else "no" for own in drivers["in_module"]]
    numbers = [float(text.replace("−", "-")) for text in shown.column("r without itself")]
    assert numbers == pytest.approx(drivers["r_loo"].tolist(), abs=5.1e-4)


def test_genes_that_could_not_be_tested_come_last(toy_explained: Explanations) -> None:
    drivers = toy_explained.parts[0].table("gene_driver_table")
    first = drivers["gene_id"].iloc[0]
    drivers.loc[0, ["pvalue", "qvalue"]] = float("nan")
    schema = toy_explained.parts[0].tables["gene_driver_table"].schema
    page = _page(_first_with(toy_explained, gene_driver_table=to_arrow(drivers, schema)))
    assert page.tables["gene_driver_table"].column("Gene")[-1] == first


def test_traits_are_told_by_p_and_in_words(toy_explained: Explanations) -> None:
    shown = _page(toy_explained).tables["traits"]
    tests = toy_explained.source.fit.traits
    tests = tests[tests["module_id"] == "M000"].sort_values("pvalue")
    assert shown.column("Trait") == tests["trait"].tolist()
    words = dict(zip(shown.column("Trait"), shown.column("In words"), strict=True))
    assert re.fullmatch(r"(higher|lower) in SCZD than in Control", words["Dx"])
    assert re.fullmatch(r"(rises|falls) with Age", words["Age"])


def test_polarity_is_marked_by_word_and_arrow(toy_explained: Explanations) -> None:
    shown = _page(toy_explained).tables["transcript_polarity_table"]
    polarity = toy_explained.parts[0].table("transcript_polarity_table")
    r = polarity.set_index("transcript_id")["r"]
    told = dict(zip(shown.column("Transcript"), shown.column("Moves"), strict=True))
    assert set(told.values()) <= {"▲ rises", "▼ falls", "unclear"}
    assert all(r[name] > 0 for name, move in told.items() if move == "▲ rises")
    assert all(r[name] < 0 for name, move in told.items() if move == "▼ falls")


def test_neighbours_and_the_index_are_a_click_away(toy_explained: Explanations) -> None:
    first = {a["href"]: a.get("rel") for a in _page(toy_explained, 0).of("a")}
    last = {a["href"]: a.get("rel") for a in _page(toy_explained, 1).of("a")}
    assert first["../index.html"] is None
    assert first["../M001/module.html"] == "next"
    assert last["../M000/module.html"] == "prev"
    assert not {"../M002/module.html", "../M001/module.html"} & set(last)


def test_pictures_are_inlined_with_words(toy_explained: Explanations, picture: Picture) -> None:
    page = _page(toy_explained, white=picture)
    (image,) = page.of("img")
    assert image["src"].startswith("data:image/png;base64,")
    assert image["alt"] == "White: What is seen."
    assert (image["width"], image["height"]) == ("192", "96")
    assert "White. What is seen." in page.text


def test_bytes_that_are_no_png_are_refused() -> None:
    with pytest.raises(OutputError, match="no PNG"):
        Picture(b"GIF89a", "caption", "title")


def test_provenance_names_data_version_and_seed(toy_explained: Explanations) -> None:
    config, text = toy_explained.source.fit.config, _page(toy_explained).text
    for told in (
        config["study"],
        config["bundle"]["content_hash"],
        config["isograph_version"],
        f"Seed {config['seed']}",
        "Covariates none",
        "Samples 64",
    ):
        assert told in text


def test_what_is_not_available_is_told_with_its_reason(toy_explained: Explanations) -> None:
    part = replace(toy_explained.parts[0], missing={"vae_drivers": "the fit has no model"})
    page = Page(module_page(toy_explained, part, pictures={}))
    assert "What the model’s output follows: the fit has no model" in page.text


def test_further_tables_are_shown_whatever_their_columns(toy_explained: Explanations) -> None:
    table = pa.table({"gene_id": ["G00001"], "odd_score": [0.5], "feature_type": ["switch"]})
    part = _first_with(toy_explained, my_table=table).parts[0]
    part = replace(part, records={"my_table": {"run": {"error_share": 0.0123, "ids": ["a", "b"]}}})
    page = Page(module_page(toy_explained, part, pictures={}))
    assert page.tables["my_table"].heads == ["Gene", "Odd score"]
    assert page.tables["my_table"].rows == [["G00001", "0.5"]]
    assert "My table" in page.text
    assert "run: error share 0.0123 run: ids a, b" in page.text


def test_without_transcripts_the_page_says_why(toy_explained: Explanations) -> None:
    part = toy_explained.parts[0]
    empty = part.tables["transcript_polarity_table"].slice(0, 0)
    part = replace(
        part,
        tables=dict(part.tables) | {"transcript_polarity_table": empty},
        missing={"transcript_polarity_table": "the data set has no counts"},
    )
    page = Page(module_page(toy_explained, part, pictures={}))
    assert page.text.count("The data set has no counts.") == 2
    assert "switches" not in page.tables
    assert "Clearest switch" not in page.text


def test_without_traits_the_page_says_so(toy_explained: Explanations) -> None:
    source = toy_explained.source
    tables = dict(source.fit.tables) | {"traits": source.fit.tables["traits"].slice(0, 0)}
    bare = replace(source, fit=replace(source.fit, tables=tables))
    page = _page(replace(toy_explained, source=bare))
    assert page.text.count("No trait was tested.") == 2
    assert "Closest trait – none was tested" in page.text


def test_programme_says_what_it_is(programmes_explained: Explanations) -> None:
    place = [part.profile.name for part in programmes_explained.parts].index("P00")
    page = _page(programmes_explained, place)
    row = programmes_explained.source.fit.programmes.iloc[0]
    assert "A broad factor" in page.text
    assert f"{row['n_genes']:,} genes load on it." in page.text
    assert "It was taken out of the data before modules were found" in page.text
    assert f"{row['best_match']} (" in page.text
    assert "Role" not in page.tables["gene_driver_table"].heads


def test_programme_is_not_called_a_module_where_columns_are_explained(
    programmes_explained: Explanations,
) -> None:
    place = [part.profile.name for part in programmes_explained.parts].index("P00")
    text = _page(programmes_explained, place).text
    assert "Correlation with the factor, covariates taken out." in text
    assert "eigengene" not in text
    assert "the module" not in text


def test_completeness_error_is_seen_without_opening_anything(toy_explained: Explanations) -> None:
    table = pa.table(
        {"gene_id": ["G00001"], "feature_id": ["G00001::switch"], "mean_abs_ig": [1.0]}
    )
    part = _first_with(toy_explained, ig_attributions=table).parts[0]
    for complete, words in ((True, ""), (False, " It is larger than asked for.")):
        record = {"completeness_error": 0.0123, "complete": complete}
        one = replace(part, records={"ig_attributions": record})
        page = Page(module_page(toy_explained, one, pictures={}))
        assert f"Completeness error 1.23%: what the attributions leave out.{words}" in page.text
        assert page.tables["ig_attributions"].rows == [["G00001", "switch", "1.0000"]]


def test_modules_say_what_was_taken_out_before_them(programmes_explained: Explanations) -> None:
    page = _page(programmes_explained)
    removed = programmes_explained.source.fit.programmes["programme_id"].tolist()
    assert f"taken out of the data: {', '.join(removed)}." in page.text


def test_same_explanation_gives_the_same_text(
    toy_explained: Explanations, picture: Picture
) -> None:
    part = toy_explained.parts[0]
    once, again = (module_page(toy_explained, part, pictures={"white": picture}) for _ in range(2))
    assert once == again


def test_large_module_stays_small_and_names_the_file_with_all(
    toy_explained: Explanations,
) -> None:
    part = toy_explained.parts[0]
    names = ("gene_driver_table", "transcript_polarity_table", "high_vs_low_table")
    long = {name: _repeated(part.tables[name], 12_000) for name in names}
    part = replace(part, tables=long)
    text = module_page(toy_explained, part, pictures={})
    page = Page(text)
    assert len(text.encode()) < 3e6
    for name in names:
        assert len(page.tables[name].rows) == MOST_ROWS
        assert f"of 12,000. All are in {name}.parquet" in page.text


def _repeated(table: pa.Table, n_rows: int) -> pa.Table:
    frame = table.to_pandas()
    frame = pd.concat([frame] * (n_rows // len(frame) + 1), ignore_index=True).head(n_rows)
    # real ids are longer than those of a fixture
    ids = [f"ENSG{number // 4:011d}" for number in range(n_rows)]
    frame = frame.assign(gene_id=ids, feature_id=[f"{name}::switch" for name in ids])
    return to_arrow(frame, table.schema)
