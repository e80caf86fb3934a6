"""Complementary halves of a cohort, and the data set of each."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isograph.bundle.model import Bundle
from isograph.errors import Problem, Problems, StudyError
from isograph.features.build import check_samples
from isograph.study import Study

N_PAIRS = 10
FEWEST_PAIRS = 2
_DEALS = 50


class Pair(NamedTuple):
    """Two halves of the samples that share none; ids sorted, each of shape (n_samples // 2,)."""

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
    and the sample ids only, not on the samples' order nor on how many pairs there are.

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
    return tuple(_deal(samples, study, ids, pair=pair) for pair in range(n_pairs))


def _deal(bundle: Bundle, study: Study, ids: npt.NDArray[np.str_], *, pair: int) -> Pair:
    """The first deal in which both halves can be fitted."""
    rng = np.random.default_rng([study.seed, pair])
    size = len(ids) // 2
    refused: StudyError | None = None
    for _ in range(_DEALS):
        order = rng.permutation(len(ids))
        halves = Pair(np.sort(ids[order[:size]]), np.sort(ids[order[size : 2 * size]]))
        try:
            for half in halves:
                check_samples(half_bundle(bundle, half), study=study)
        except StudyError as error:
            refused = error
        else:
            return halves
    raise _no_halves(refused, n_samples=len(ids), size=size)


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
