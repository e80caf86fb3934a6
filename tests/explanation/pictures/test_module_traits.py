"""The module–trait heatmap of a fit whose traits cannot be tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from isograph.explanation.source import Source
from isograph.plots import module_traits_figure
from tests.explanation.pictures.made import words


def test_without_a_single_test_there_is_no_colour_bar(toy_source: Source) -> None:
    fit = toy_source.fit
    tests = fit.traits.assign(r=np.nan, pvalue=np.nan, qvalue=np.nan)
    schema = fit.tables["traits"].schema
    table = pa.Table.from_pandas(tests, schema=schema, preserve_index=False)
    figure = module_traits_figure(replace(fit, tables=dict(fit.tables) | {"traits": table}))
    assert not figure.axes
    assert any("no trait could be tested" in text for text in words(figure))
    assert len(module_traits_figure(fit).axes) == 2
