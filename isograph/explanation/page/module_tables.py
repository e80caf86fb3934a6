"""The tables of a module's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from isograph.explanation.model import Explanation
from isograph.explanation.page import layouts
from isograph.explanation.page.about import DRIVERS, HIGH_LOW, POLARITY, About
from isograph.explanation.page.columns import Column, column_of
from isograph.explanation.page.format import MISSING, NO_BREAK, fixed, one_percent
from isograph.explanation.page.layouts import Layout
from isograph.explanation.page.provenance import flat_record
from isograph.explanation.page.switches import ordered_polarity
from isograph.explanation.page.tables import MOST_ROWS, Table, make_table
from isograph.explanation.source import MODULE, Source

STRUCTURE = "structure"
_FIRST_FURTHER = (STRUCTURE, "gene_sets", "vae_drivers", "ig_attributions", "vae_responses")
_MODULES_ONLY = {"module_role", "membership"}
_TOLD_ELSEWHERE = {"gene_name", "feature_type"}


def module_tables(source: Source, part: Explanation, head: About) -> tuple[Table, ...]:
    """Every table of a module or programme, what people ask for first at the top.

    Args:
        source: fit and data.
        part: what is explained.
        head: from `about`.
    """
    why = _sentence(part.missing.get(POLARITY, "no transcript changes with it"))
    contrast = part.table(HIGH_LOW).sort_values(["pvalue", "feature_id"], kind="stable")
    further = [name for name in _FIRST_FURTHER if name in part.tables]
    further += sorted(set(part.tables) - {*further, DRIVERS, POLARITY, HIGH_LOW})
    maker = _Maker(source, part)
    return (
        maker.table("traits", head.traits, layouts.TRAITS, empty="No trait was tested."),
        _driver_table(maker, head.drivers),
        maker.table("switches", head.pairs, layouts.SWITCHES, empty=why, stem=POLARITY),
        maker.table(POLARITY, ordered_polarity(head.polarity), layouts.TRANSCRIPTS, empty=why),
        maker.table(HIGH_LOW, contrast, layouts.HIGH_LOW, empty="No gene belongs to it."),
        *(maker.table(name, _further(part, name), layouts.layout_of(name)) for name in further),
    )


class _Maker:
    """Puts tables of one explanation into their layouts.

    Args:
        source: fit and data.
        part: what is explained.
    """

    def __init__(self, source: Source, part: Explanation) -> None:
        self.source, self.part = source, part

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        layout: Layout,
        *,
        empty: str | None = None,
        stem: str | None = None,
    ) -> Table:
        """A table of the page; genes from outside are grey.

        Args:
            stem: of its file, where that is not its name.
        """
        stem, n_rows, frame = stem or name, len(frame), frame.head(MOST_ROWS)
        if "gene_id" in frame:
            names = self.source.gene_names.reindex(frame["gene_id"]).to_numpy(dtype=object)
            frame = frame.assign(gene_name=names)
        record = self.part.records.get(name, {})
        if self.part.profile.kind != MODULE:
            layout = layouts.for_factor(layout)
        return make_table(
            frame,
            name=name,
            title=layout.title,
            columns=self._columns(frame, layout),
            lead=layout.lead,
            note=_note(record),
            order=layout.order,
            file=f"{stem}.parquet" if stem in self.part.tables else "",
            records=flat_record(record),
            empty=empty or _sentence(self.part.missing.get(name, "there is nothing to show")),
            muted=~frame["in_module"].to_numpy(dtype=bool) if "in_module" in frame else None,
            helps=layout.helps,
            n_rows=n_rows,
        )

    def _columns(self, frame: pd.DataFrame, layout: Layout) -> list[Column]:
        hidden = set() if self.part.profile.kind == MODULE else _MODULES_ONLY
        # the name stands with the id; the type is told by the channel
        wanted = layout.columns or [key for key in frame if key not in _TOLD_ELSEWHERE]
        columns = [
            column if isinstance(column, Column) else column_of(str(column), frame[column])
            for column in wanted
            # a table of another version may lack a column
            if isinstance(column, Column) or column in frame
        ]
        columns = [column for column in columns if column.key not in hidden]
        if self.part.profile.kind == MODULE:
            return columns
        return [replace(column, help=layouts.factor_words(column.help)) for column in columns]


def _note(record: Mapping[str, Any]) -> str:
    """What a table must not be read without."""
    error = record.get("completeness_error")
    if not isinstance(error, float):
        return ""
    told = f"Completeness error {one_percent(error, digits=2)}: what the attributions leave out."
    return told if record.get("complete", True) else f"{told} It is larger than asked for."


def _further(part: Explanation, name: str) -> pd.DataFrame:
    frame = part.table(name)
    if name == STRUCTURE and len(frame):
        # pairs that the annotation does not know have nothing to show
        unknown = frame["shared_exon_fraction"].isna().to_numpy()
        frame = frame.iloc[np.argsort(unknown, kind="stable")]
    return frame


def _driver_table(maker: _Maker, drivers: pd.DataFrame) -> Table:
    """Drivers with their role and how firmly they belong; genes from outside in grey."""
    fit, name = maker.source.fit, maker.part.profile.name
    roles = fit.roles[fit.roles["module_id"] == name].set_index("gene_id")["module_role"]
    firm = fit.modules[fit.modules["module_id"] == name].set_index("gene_id")["membership"]
    low, high = (
        fixed(drivers[column].to_numpy(dtype=np.float64), digits=2)
        for column in ("r_low", "r_high")
    )
    drivers = drivers.assign(
        module_role=drivers["gene_id"].map(roles),
        membership=drivers["gene_id"].map(firm).astype(float),
        interval=[
            "" if MISSING in (a, b) else f"{a} to {b}".replace(" ", NO_BREAK)
            for a, b in zip(low, high, strict=True)
        ],
    )
    # with so few samples that nothing can be tested r may well be 1
    untested = drivers["pvalue"].isna().to_numpy()
    drivers = drivers.iloc[np.argsort(untested, kind="stable")]
    return maker.table(DRIVERS, drivers, layouts.DRIVERS)


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."
