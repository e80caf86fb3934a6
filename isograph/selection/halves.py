"""Complementary halves of a cohort, and the data set of each."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.errors import Problem, Problems, StudyError
from isograph.features.blocks import Blocks, block_column, read_blocks
from isograph.features.samples import check_samples
from isograph.features.traits import SAMPLE_ID
from isograph.study import Study

N_PAIRS = 10
FEWEST_PAIRS = 2
_DEALS = 50


class Pair(NamedTuple):
    """Two halves of the samples that share none; ids sorted, each of shape (n_samples // 2,).

    Halves of whole donors may differ in size.
    """

    first: npt.NDArray[np.str_]
    second: npt.NDArray[np.str_]


def check_pairs(n_pairs: int, problems: Problems) -> None:
    """Note a number of pairs that cannot be used."""
    if n_pairs < FEWEST_PAIRS:
        fix = f"{FEWEST_PAIRS} or more: one pair has no standard error"
        problems.add("stability pairs", f"is {n_pairs}", fix=fix)


def deal_pairs(bundle: Bundle, *, study: Study, n_pairs: int = N_PAIRS) -> tuple[Pair, ...]:
    """Deal the samples into complementary halves, again and again.

    Complementary pairs subsampling (Shah & Samworth 2013, J R Stat Soc B 75:55): of an odd number
    of samples one sits out. A deal in which the study cannot be fitted in both halves, such as one
    that leaves a single level of a covariate, is dealt again. Pair k depends on the study's seed
    and the sample ids only, not on the samples' order nor on how many pairs there are. Where donors
    have several samples they are dealt whole, each to the half with less, from the largest on in
    random order; the halves differ by no more than the largest donor's samples, and none sits out.

    Args:
        bundle: its sample table is looked at, nothing else.
        study: gives the seed, and what the halves must be able to do.
        n_pairs: how many pairs.

    Returns:
        The pairs.

    Raises:
        StudyError: the number of pairs is out of bounds, the study cannot be fitted as it is, or
            no deal of many left two halves in which it can.
    """
    problems = Problems()
    check_pairs(n_pairs, problems)
    problems.raise_if_any(StudyError, "stability selection refused")
    # only the sample table is asked here: do not copy matrices a hundred times
    samples = replace(bundle, matrices={}, path=None)
    ids = check_samples(samples, study=study)
    blocks = _blocks(bundle, study, ids)
    return tuple(_deal(samples, study, ids, blocks, pair=pair) for pair in range(n_pairs))


def _blocks(bundle: Bundle, study: Study, ids: npt.NDArray[np.str_]) -> Blocks | None:
    """The donors of the samples in use."""
    used = bundle.samples.set_index(bundle.sample_ids).loc[list(ids)].reset_index(drop=True)
    known = [str(name) for name in used.columns if name != SAMPLE_ID]
    return read_blocks(used, block_column(study.block, bundle.provenance, known=known))


def _deal(
    bundle: Bundle,
    study: Study,
    ids: npt.NDArray[np.str_],
    blocks: Blocks | None,
    *,
    pair: int,
) -> Pair:
    """The first deal in which both halves can be fitted."""
    rng = np.random.default_rng([study.seed, pair])
    size = len(ids) // 2
    refused: StudyError | None = None
    for _ in range(_DEALS):
        if blocks is None:
            order = rng.permutation(len(ids))
            halves = Pair(np.sort(ids[order[:size]]), np.sort(ids[order[size : 2 * size]]))
        else:
            first = _first_half(blocks, rng)
            halves = Pair(np.sort(ids[first]), np.sort(ids[~first]))
        try:
            for half in halves:
                check_samples(half_bundle(bundle, half), study=study)
        except StudyError as error:
            refused = error
        else:
            return halves
    raise _no_halves(refused, n_samples=len(ids), size=size)


def _first_half(blocks: Blocks, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Samples of the blocks that are dealt to the first half, shape (n_samples,)."""
    shuffled = rng.permutation(blocks.n_blocks)
    order = shuffled[np.argsort(-blocks.sizes[shuffled], kind="stable")]
    in_first = np.zeros(blocks.n_blocks, dtype=bool)
    dealt = [0, 0]
    for block in order:
        # where both have as many, chance decides
        other = int(rng.integers(2)) if dealt[0] == dealt[1] else int(dealt[0] > dealt[1])
        in_first[block] = not other
        dealt[other] += int(blocks.sizes[block])
    chosen: npt.NDArray[np.bool_] = in_first[blocks.codes]
    return chosen


def _no_halves(refused: StudyError | None, *, n_samples: int, size: int) -> StudyError:
    """Why no deal could be used, in the words of the last one."""
    about = refused.problems if refused is not None and refused.problems else ()
    if refused is not None and not about:
        about = (Problem("half of the samples", refused.headline),)
    return StudyError(
        f"stability selection refused: {n_samples} samples make halves of {size}, and in {_DEALS} "
        "deals one of them could not be fitted",
        about,
    )


def half_bundle(bundle: Bundle, sample_ids: npt.NDArray[np.str_]) -> Bundle:
    """The data set of some of the samples, everything else as it was.

    Args:
        bundle: of all samples.
        sample_ids: those wanted, shape (n_kept,).
    """
    kept = np.flatnonzero(np.isin(bundle.sample_ids, sample_ids))
    return replace(
        bundle,
        samples=bundle.samples.iloc[kept].reset_index(drop=True),
        matrices={name: matrix[:, kept] for name, matrix in bundle.matrices.items()},
        path=None,
    )
