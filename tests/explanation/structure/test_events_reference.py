"""Splicing events against their definitions written out in plain Python."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from isograph.explanation.structure.events import splicing_events
from isograph.explanation.structure.intervals import Intervals

Exons = list[tuple[int, int]]


def introns(exons: Exons) -> Exons:
    return [(a[1] + 1, b[0] - 1) for a, b in pairwise(exons)]


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def exclusive(one: Exons, other: Exons) -> set[tuple[int, int]]:
    """Inner exons of one that have a counterpart between the same splice sites."""
    found = set()
    for i, j in product(range(1, len(one) - 1), range(1, len(other) - 1)):
        same_donor = one[i - 1][1] == other[j - 1][1]
        same_acceptor = one[i + 1][0] == other[j + 1][0]
        if same_donor and same_acceptor and not overlap(one[i], other[j]):
            found.add(one[i])
    return found


def skipped(one: Exons, other: Exons) -> bool:
    for exon in one[1:-1]:
        for start, end in introns(other):
            inside = start <= exon[0] and exon[1] <= end
            spans = one[0][0] < start and one[-1][1] > end
            if inside and spans and exon not in exclusive(one, other):
                return True
    return False


def retains(one: Exons, other: Exons) -> bool:
    return any(e[0] < i[0] and i[1] < e[1] for i in introns(one) for e in other)


def other_site(one: Exons, other: Exons, *, donor: bool) -> bool:
    for i, j in product(range(len(one)), range(len(other))):
        step = 1 if donor else -1
        if not (0 <= i + step < len(one) and 0 <= j + step < len(other)):
            continue
        mine = introns(one)[i if donor else i - 1]
        theirs = introns(other)[j if donor else j - 1]
        side = 0 if donor else 1
        if overlap(one[i], other[j]) and overlap(mine, theirs) and mine[side] != theirs[side]:
            return True
    return False


def reference(one: Exons, other: Exons) -> dict[str, bool]:
    spliced = len(one) > 1 and len(other) > 1
    return {
        "alternative_first_exon": spliced and not overlap(one[0], other[0]),
        "alternative_last_exon": spliced and not overlap(one[-1], other[-1]),
        "exon_skipping": skipped(one, other) or skipped(other, one),
        "mutually_exclusive_exons": bool(exclusive(one, other)),
        "intron_retention": retains(one, other) or retains(other, one),
        "alternative_5p_site": other_site(one, other, donor=True),
        "alternative_3p_site": other_site(one, other, donor=False),
    }


def related(rng: np.random.Generator) -> tuple[Exons, Exons]:
    """Two transcripts that share some of a few possible splice sites."""
    sites = np.arange(1, 40) * 10
    pair = []
    for _ in range(2):
        cuts = np.sort(rng.choice(sites, 2 * rng.integers(1, 6), replace=False))
        pair.append([(int(a), int(b) - 1) for a, b in cuts.reshape(-1, 2)])
    if rng.random() < 0.6:  # the second is the first with one exon lost, joined, exchanged or cut
        other = list(pair[0])
        place = int(rng.integers(len(other)))
        kind = rng.integers(4)
        if kind == 0 and len(other) > 1:
            del other[place]
        elif kind == 1 and len(other) > place + 1:
            other[place : place + 2] = [(other[place][0], other[place + 1][1])]
        elif kind == 2 and 0 < place < len(other) - 1:
            other[place] = (other[place - 1][1] + 3, other[place][0] - 3)
        else:
            start, end = other[place]
            other[place] = (start, end - 3)
        pair[1] = other
    return pair[0], pair[1]


def as_intervals(transcripts: list[Exons]) -> Intervals:
    pair = np.repeat(np.arange(len(transcripts)), [len(exons) for exons in transcripts])
    flat = np.array([exon for exons in transcripts for exon in exons])
    return Intervals(pair.astype(np.int64), flat[:, 0], flat[:, 1], len(transcripts))


@pytest.mark.parametrize("seed", range(3))
def test_events_are_those_of_the_definitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [related(rng) for _ in range(1500)]
    found = splicing_events(
        as_intervals([a for a, _ in pairs]), as_intervals([b for _, b in pairs])
    )
    for number, (one, other) in enumerate(pairs):
        expected = reference(one, other)
        assert {name: bool(flags[number]) for name, flags in found.items()} == expected, (
            one,
            other,
        )
    assert all(flags.any() for flags in found.values())
