"""Tables as HTML."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.explanation.page.columns import KNOWN, Column, Kind, column_of
from isograph.explanation.page.tables import MOST_ROWS, make_table
from tests.explanation.page.html import Page


def _page(frame: pd.DataFrame, *columns: Column | str) -> Page:
    table = make_table(frame, name="t", title="T", columns=columns)
    return Page(f"<section id='t'><table><tbody>{table.rows}</tbody></table></section>")


def test_p_value_shows_two_digits_and_keeps_all_in_its_tooltip() -> None:
    page = _page(pd.DataFrame({"pvalue": [2.123456e-12]}), "pvalue")
    assert page.tables["t"].rows == [["2.1e-12"]]
    assert page.of("td")[0]["title"] == "2.123456e-12"


def test_missing_cells_are_marked_so_that_they_sort_last() -> None:
    frame = pd.DataFrame({"r": [np.nan], "trait": [None], "pvalue": [np.nan]})
    page = _page(frame, "r", "trait", "pvalue")
    assert page.tables["t"].rows == [["–", "–", "–"]]
    assert all("na" in cell["class"].split() for cell in page.of("td"))


def test_gene_shows_its_name_with_the_id_below_and_heads_its_row() -> None:
    frame = pd.DataFrame({"gene_id": ["ENSG1", "G2"], "gene_name": ["TP53", "G2"]})
    page = _page(frame, "gene_id")
    assert page.tables["t"].rows == [["TP53 ENSG1"], ["G2"]]
    assert [head["scope"] for head in page.of("th")] == ["row", "row"]
    assert len(page.of("small")) == 1


def test_channel_is_the_feature_without_its_gene() -> None:
    ids = ["G1::switch", "G1::switch.2", "G1::abundance", "my-event"]
    frame = pd.DataFrame({"feature_id": ids, "gene_id": "G1"})
    rows = _page(frame, "feature_id").tables["t"].rows
    assert rows == [["switch"], ["switch 2"], ["abundance"], ["my-event"]]


def test_shift_has_an_arrow_and_a_sign_beside_its_colour() -> None:
    page = _page(pd.DataFrame({"usage_shift": [0.125, -0.5, 0.0]}), "usage_shift")
    assert page.tables["t"].rows == [["▲ +12.5"], ["▼ −50.0"], ["0.0"]]
    assert [cell["class"] for cell in page.of("td")] == ["n up", "n down", "n"]


def test_long_table_carries_its_first_rows_and_counts_all() -> None:
    table = make_table(
        pd.DataFrame({"n": np.arange(MOST_ROWS + 5)}), name="t", title="T", columns=["n"]
    )
    assert (table.n_rows, table.n_shown) == (MOST_ROWS + 5, MOST_ROWS)
    assert str(table.rows).count("<tr>") == str(table.rows).count("</tr>") == MOST_ROWS


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.ID, Kind.ROLE, Kind.GENE, Kind.CHANNEL])
def test_markup_in_names_is_text(kind: Kind) -> None:
    evil = "\"'><script>alert(1)</script>"
    frame = pd.DataFrame({"gene_id": [evil], "feature_id": [evil], "gene_name": ["<b>x</b>"]})
    column = Column("feature_id" if kind == Kind.CHANNEL else "gene_id", "x", kind)
    page = _page(frame, column)
    assert not page.of("script")
    assert not page.of("b")
    assert not page.broken
    assert "<b>x</b>" in page.text if kind == Kind.GENE else "<script>alert(1)" in page.text


def test_unknown_columns_are_written_by_their_type() -> None:
    frame = pd.DataFrame(
        {"a_flag": [True], "a_count": [1200], "a_number": [0.12345], "a_word": ["x"]}
    )
    columns = [column_of(key, frame[key]) for key in frame]
    assert [c.kind for c in columns] == [Kind.FLAG, Kind.COUNT, Kind.NUMBER, Kind.TEXT]
    assert [c.label for c in columns] == ["A flag", "A count", "A number", "A word"]
    assert _page(frame, *columns).tables["t"].rows == [["yes", "1,200", "0.123", "x"]]


def test_known_column_with_other_values_than_usual_is_still_written() -> None:
    frame = pd.DataFrame({"biotype_switch": [True, False], "latent_dim": ["none", "z3"]})
    columns = [column_of(key, frame[key]) for key in frame]
    assert _page(frame, *columns).tables["t"].rows == [["yes", "none"], ["no", "z3"]]


def test_lists_are_written_with_commas() -> None:
    frame = pd.DataFrame({"event_types": [["exon skipping", "alternative first exon"], None]})
    rows = _page(frame, column_of("event_types", frame["event_types"])).tables["t"].rows
    assert rows == [["exon skipping, alternative first exon"], ["–"]]


def test_every_known_column_is_explained() -> None:
    assert all(column.help.endswith(".") for column in KNOWN.values())
