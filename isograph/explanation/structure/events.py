"""Splicing events between two transcripts of a gene."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from isograph.explanation.structure.intervals import (
    Flags,
    Intervals,
    Ints,
    keys,
    overlapping,
    overlaps,
)


def splicing_events(one: Intervals, other: Intervals) -> dict[str, Flags]:
    """Which events tell two transcripts apart, by name, each of shape (n_pairs,).

    An event does not say which of the two is the usual form, so exchanging them changes nothing.
    With exons in the direction of transcription:

    - `alternative_first_exon`, `alternative_last_exon`: both have introns, and their first (last)
      exons do not overlap. A shifted start or end of the same exon is no splicing event.
    - `mutually_exclusive_exons`: each has an inner exon that the other lacks, the two do not
      overlap, and the splice sites on either side of them are the same.
    - `exon_skipping`: an inner exon lies in an intron of the other, whose transcript spans that
      intron; not one of two mutually exclusive exons.
    - `intron_retention`: an intron lies inside an exon of the other.
    - `alternative_5p_site`: overlapping exons are followed by overlapping introns that start at
      different donors; `alternative_3p_site`: they are preceded by overlapping introns that end at
      different acceptors.

    Args:
        one, other: exons of the first and second transcript of each pair.
    """
    spliced = (one.count > 1) & (other.count > 1)
    exclusive_one, exclusive_other = _exclusive(one, other), _exclusive(other, one)
    donors, acceptors = _sites(one, other)
    return {
        "alternative_first_exon": spliced & ~_overlap_at(one, other, last=False),
        "alternative_last_exon": spliced & ~_overlap_at(one, other, last=True),
        "exon_skipping": one.any_by_pair(_skipped(one, other) & ~exclusive_one)
        | other.any_by_pair(_skipped(other, one) & ~exclusive_other),
        "mutually_exclusive_exons": one.any_by_pair(exclusive_one),
        "intron_retention": _retains(one, other) | _retains(other, one),
        "alternative_5p_site": donors,
        "alternative_3p_site": acceptors,
    }


def _overlap_at(one: Intervals, other: Intervals, *, last: bool) -> Flags:
    """Whether the first, or last, exons overlap, shape (n_pairs,)."""
    mine, theirs = (exons.take(exons.is_last if last else exons.is_first) for exons in (one, other))
    low, high = overlapping(mine, theirs)
    return mine.any_by_pair(high > low)


def _inner(exons: Intervals) -> Flags:
    return ~exons.is_first & ~exons.is_last


def _skipped(one: Intervals, other: Intervals) -> Flags:
    """Inner exons of one that lie in an intron of the other which one spans, shape (len(one),)."""
    introns = other.gaps()
    found = np.zeros(len(one), dtype=bool)
    if not len(introns):
        return found
    place = np.searchsorted(keys(introns.pair, introns.start), keys(one.pair, one.start), "right")
    place = np.maximum(place - 1, 0)
    inside = (
        (introns.pair[place] == one.pair)
        & (introns.start[place] <= one.start)
        & (introns.end[place] >= one.end)
    )
    low, high = one.span()
    spanned = (low[one.pair] < introns.start[place]) & (high[one.pair] > introns.end[place])
    found[:] = inside & spanned & _inner(one)
    return found


def _exclusive(one: Intervals, other: Intervals) -> Flags:
    """Inner exons of one that another inner exon of the other stands for, shape (len(one),)."""
    found = np.zeros(len(one), dtype=bool)
    mine, theirs = np.flatnonzero(_inner(one)), np.flatnonzero(_inner(other))
    if not len(mine) or not len(theirs):
        return found
    donor_one, acceptor_one = one.end[mine - 1], one.start[mine + 1]
    donor_other, acceptor_other = other.end[theirs - 1], other.start[theirs + 1]
    # one inner exon at most lies between a donor and an acceptor, so the donor finds it
    place = np.searchsorted(keys(other.pair[theirs], donor_other), keys(one.pair[mine], donor_one))
    place = np.minimum(place, len(theirs) - 1)
    same = (
        (other.pair[theirs][place] == one.pair[mine])
        & (donor_other[place] == donor_one)
        & (acceptor_other[place] == acceptor_one)
    )
    apart = (other.end[theirs][place] < one.start[mine]) | (
        other.start[theirs][place] > one.end[mine]
    )
    found[mine] = same & apart
    return found


def _retains(one: Intervals, other: Intervals) -> Flags:
    """Whether an exon of the other holds an intron of one, shape (n_pairs,)."""
    introns = one.gaps()
    if not len(introns) or not len(other):
        return np.zeros(one.n_pairs, dtype=bool)
    place = np.searchsorted(keys(other.pair, other.start), keys(introns.pair, introns.start)) - 1
    place = np.maximum(place, 0)
    held = (
        (other.pair[place] == introns.pair)
        & (other.start[place] < introns.start)
        & (other.end[place] > introns.end)
    )
    return introns.any_by_pair(held)


def _sites(one: Intervals, other: Intervals) -> tuple[Flags, Flags]:
    """Whether donors, and acceptors, of the same exon differ, each of shape (n_pairs,)."""
    i, j = overlaps(one, other)
    both = ~one.is_last[i] & ~other.is_last[j]
    donors = _differ(both, one.end[i], other.end[j], _next(one.start, i), _next(other.start, j))
    both = ~one.is_first[i] & ~other.is_first[j]
    acceptors = _differ(both, -one.start[i], -other.start[j], -one.end[i - 1], -other.end[j - 1])
    pairs = one.pair[i]
    n = one.n_pairs
    return (
        np.bincount(pairs[donors], minlength=n) > 0,
        np.bincount(pairs[acceptors], minlength=n) > 0,
    )


def _next(values: Ints, index: Ints) -> Ints:
    return values[np.minimum(index + 1, max(len(values) - 1, 0))]


def _differ(both: Flags, mine: Ints, theirs: Ints, mine_until: Ints, theirs_until: Ints) -> Flags:
    """Sites that differ where the introns behind them overlap."""
    found: npt.NDArray[np.bool_] = (
        both & (mine != theirs) & (mine < theirs_until - 1) & (theirs < mine_until - 1)
    )
    return found
