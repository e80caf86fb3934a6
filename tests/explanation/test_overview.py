"""Explanations at a glance."""

from __future__ import annotations

from isograph.explanation import explain
from isograph.explanation.overview import COLUMNS, overview
from isograph.explanation.source import Source
from isograph.results.model import Fit


def test_one_row_a_module_names_driver_switch_and_trait(toy_fit: Fit) -> None:
    found = explain(toy_fit)
    table = overview(found)
    assert table.columns.tolist() == list(COLUMNS)
    assert table["module_id"].tolist() == ["M000", "M001"]
    first = table.iloc[0]
    drivers = found.parts[0].table("gene_driver_table").query("in_module")
    assert first["top_driver"] == drivers["gene_id"].iloc[0]
    assert first["falls"] != first["rises"]
    assert first["shift"] > 0.3
    assert first["qvalue"] == toy_fit.traits.query("module_id == 'M000'")["qvalue"].min()
    assert len(overview(found, most=1)) == 1


def test_what_is_not_there_is_none(with_programmes: Source) -> None:
    table = overview(explain(with_programmes.fit, bundle=with_programmes.bundle, modules=["M000"]))
    row = table.iloc[0]
    assert row["switch"] is None or row["shift"] > 0
