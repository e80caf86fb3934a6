"""Intervals of many pairs of transcripts at once, in the direction of transcription."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FAR = 1 << 34  # further than any two positions of a chromosome


@dataclass(frozen=True)
class Intervals:
    """Disjoint intervals of each pair, rising within a pair; both ends included.

    Attributes:
        pair: which pair each belongs to, never falling, shape (n,).
        start, end: shape (n,); on the minus strand mirrored, so that a rise is always downstream.
        n_pairs: number of pairs.
    """

    pair: Ints
    start: Ints
    end: Ints
    n_pairs: int

    def __len__(self) -> int:
        return len(self.pair)

    @cached_property
    def first(self) -> Ints:
        """First interval of each pair, and how many there are in all, shape (n_pairs + 1,)."""
        return np.searchsorted(self.pair, np.arange(self.n_pairs + 1)).astype(np.int64)

    @property
    def count(self) -> Ints:
        """Intervals of each pair, shape (n_pairs,)."""
        return np.diff(self.first)

    @property
    def length(self) -> Ints:
        """Positions covered in each pair, shape (n_pairs,)."""
        return self.sum_by_pair(self.end - self.start + 1)

    @property
    def is_first(self) -> Flags:
        """Whether each is its pair's most upstream one."""
        flags: Flags = np.arange(len(self)) == self.first[self.pair]
        return flags

    @property
    def is_last(self) -> Flags:
        """Whether each is its pair's most downstream one."""
        flags: Flags = np.arange(len(self)) == self.first[self.pair + 1] - 1
        return flags

    def sum_by_pair(self, values: npt.ArrayLike) -> Ints:
        """Sum of a value an interval over each pair, shape (n_pairs,)."""
        total = np.bincount(self.pair, weights=np.asarray(values), minlength=self.n_pairs)
        return np.rint(total).astype(np.int64)

    def any_by_pair(self, flags: Flags) -> Flags:
        """Whether any interval of each pair is flagged, shape (n_pairs,)."""
        return self.sum_by_pair(flags) > 0

    def take(self, which: Flags) -> Intervals:
        """Some of the intervals."""
        return Intervals(self.pair[which], self.start[which], self.end[which], self.n_pairs)

    def gaps(self) -> Intervals:
        """What lies between neighbours of a pair: the introns, where these are exons."""
        same = self.pair[1:] == self.pair[:-1]
        return Intervals(
            self.pair[1:][same], self.end[:-1][same] + 1, self.start[1:][same] - 1, self.n_pairs
        )

    def span(self) -> tuple[Ints, Ints]:
        """Most upstream and most downstream position of each pair; 0 and −1 where it has none."""
        if not len(self):  # as in an assembly, which has no coding parts at all
            return np.zeros(self.n_pairs, dtype=np.int64), np.full(self.n_pairs, -1, dtype=np.int64)
        some = self.count > 0
        low = np.where(some, self.start[np.minimum(self.first[:-1], len(self) - 1)], 0)
        high = np.where(some, self.end[np.maximum(self.first[1:] - 1, 0)], -1)
        return low, high

    def before(self, limit: Ints) -> Intervals:
        """The parts upstream of a position a pair, which is not included; shape (n_pairs,)."""
        cut = limit[self.pair] - 1
        kept = self.start <= cut
        return Intervals(
            self.pair[kept], self.start[kept], np.minimum(self.end, cut)[kept], self.n_pairs
        )

    def after(self, limit: Ints) -> Intervals:
        """The parts downstream of a position a pair, which is not included; shape (n_pairs,)."""
        cut = limit[self.pair] + 1
        kept = self.end >= cut
        return Intervals(
            self.pair[kept], np.maximum(self.start, cut)[kept], self.end[kept], self.n_pairs
        )


def keys(pair: Ints, position: Ints) -> Ints:
    """One number for a pair and a position, rising with the pair first."""
    return pair * _FAR + position + (_FAR >> 1)


def overlapping(one: Intervals, other: Intervals) -> tuple[Ints, Ints]:
    """For each interval of `one`, which of `other` in the same pair overlap it.

    Returns:
        Index of the first one, and of the first one after them, each of shape (len(one),); equal
        where none overlaps, and then the place where it would stand.
    """
    low = np.searchsorted(keys(other.pair, other.end), keys(one.pair, one.start), side="left")
    high = np.searchsorted(keys(other.pair, other.start), keys(one.pair, one.end), side="right")
    return low.astype(np.int64), high.astype(np.int64)


def overlaps(one: Intervals, other: Intervals) -> tuple[Ints, Ints]:
    """Every pair of overlapping intervals: index in `one`, index in `other`."""
    low, high = overlapping(one, other)
    size = np.maximum(high - low, 0)
    mine = np.repeat(np.arange(len(one)), size)
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return mine, np.repeat(low, size) + within


def in_other(one: Intervals, other: Intervals) -> Flags:
    """Whether the same interval, end for end, is in the other of the pair, shape (len(one),)."""
    if not len(other):
        return np.zeros(len(one), dtype=bool)
    place = np.searchsorted(keys(other.pair, other.start), keys(one.pair, one.start))
    place = np.minimum(place, len(other) - 1)
    same: Flags = (
        (other.pair[place] == one.pair)
        & (other.start[place] == one.start)
        & (other.end[place] == one.end)
    )
    return same


def equal_by_pair(one: Intervals, other: Intervals) -> Flags:
    """Whether both have the same intervals, shape (n_pairs,)."""
    shared = one.sum_by_pair(in_other(one, other))
    same: Flags = (one.count == other.count) & (shared == one.count)
    return same
