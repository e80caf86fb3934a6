"""The order of switches and transcripts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isograph.explanation.page.switches import ordered_polarity
from isograph.explanation.schema import POLARITY
from isograph.explanation.switches import pi_value, switch_pairs


def _polarity(rows: list[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    """Gene, transcript, usage low, usage high, q."""
    frame = pd.DataFrame(rows, columns=["gene_id", "transcript_id", "usage_low", "usage_high", "q"])
    shift = frame["usage_high"] - frame["usage_low"]
    frame = frame.assign(usage_shift=shift, r=np.sign(shift), qvalue=frame.pop("q"))
    return frame.reindex(columns=POLARITY.names).astype({"r": float})


def test_pair_is_the_transcript_that_gains_most_and_the_one_that_loses_most() -> None:
    table = _polarity(
        [("G", "a", 0.1, 0.6, 1e-9), ("G", "b", 0.2, 0.3, 1e-9), ("G", "c", 0.7, 0.1, 1e-6)]
    )
    (pair,) = switch_pairs(table).to_dict("records")
    assert (pair["transcript_up"], pair["transcript_down"]) == ("a", "c")
    assert (pair["up_low"], pair["up_high"]) == (0.1, 0.6)
    assert (pair["down_low"], pair["down_high"]) == (0.7, 0.1)
    assert pair["qvalue"] == 1e-6


def test_clear_switches_stand_before_larger_unclear_ones() -> None:
    table = _polarity(
        [
            ("A", "a1", 0.0, 1.0, 0.2),
            ("A", "a2", 1.0, 0.0, 0.2),
            ("B", "b1", 0.4, 0.6, 1e-3),
            ("B", "b2", 0.6, 0.4, 1e-3),
        ]
    )
    assert switch_pairs(table)["gene_id"].tolist() == ["B", "A"]


def test_a_sure_switch_stands_before_a_somewhat_larger_doubtful_one() -> None:
    table = _polarity(
        [
            ("A", "a1", 0.1, 0.9, 0.04),
            ("A", "a2", 0.9, 0.1, 0.04),
            ("B", "b1", 0.2, 0.9, 1e-10),
            ("B", "b2", 0.9, 0.2, 1e-10),
        ]
    )
    assert switch_pairs(table)["gene_id"].tolist() == ["B", "A"]


def test_a_gene_without_a_transcript_that_falls_is_no_switch() -> None:
    assert switch_pairs(_polarity([("G", "a", 0.1, 0.2, 1e-9)])).empty


def test_no_transcripts_give_no_pair() -> None:
    assert switch_pairs(POLARITY.empty_table().to_pandas()).empty
    assert ordered_polarity(POLARITY.empty_table().to_pandas()).empty


def test_transcripts_of_a_gene_stay_together_and_the_clearest_gene_leads() -> None:
    table = _polarity(
        [
            ("A", "a1", 0.5, 0.6, 0.01),
            ("A", "a2", 0.5, 0.4, 0.01),
            ("B", "b1", 0.1, 0.9, 1e-9),
            ("B", "b2", 0.1, 0.1, 0.9),
            ("B", "b3", 0.8, 0.0, 1e-9),
        ]
    )
    found = ordered_polarity(table)
    assert found["transcript_id"].tolist() == ["b1", "b2", "b3", "a1", "a2"]
    assert found["move"].tolist() == ["rises", "unclear", "falls", "rises", "falls"]


def test_pi_is_zero_where_nothing_is_known() -> None:
    pi = pi_value(np.array([0.5, np.nan, 0.5]), np.array([1e-2, 1e-2, np.nan]))
    assert pi.tolist() == [1.0, 0.0, 0.0]
