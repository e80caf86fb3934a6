"""Which value to use: nothing better than the best, nothing further from the study than needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_CLEAR = 2.0


@dataclass(frozen=True)
class Score:
    """Agreement of complementary halves at one value.

    Attributes:
        value: of the parameter.
        n_modules: modules of all samples.
        n_stable_genes: genes in those of them that are stable.
        mean: split-half adjusted Rand index, mean over pairs of halves.
        sd: its standard deviation over pairs.
        se: its standard error.
    """

    value: float
    n_modules: int
    n_stable_genes: int
    mean: float
    sd: float
    se: float


@dataclass(frozen=True)
class Recommendation:
    """A value, None where there is none to recommend, and the reason in words."""

    value: float | None
    reason: str


def recommend(scores: Sequence[Score], *, study_value: float) -> Recommendation:
    """The value nearest to the study's among those as good as the best.

    As good is a mean within one standard error of the best one (Breiman et al. 1984, section
    3.4.3); near is meant as a ratio. Values without modules stay out, and nothing is recommended
    where the best mean is not two standard errors above 0, which chance gives. The reason names a
    value that has more genes in stable modules, if one has.

    Args:
        scores: one a value.
        study_value: the value that the study uses.
    """
    some = [score for score in scores if score.n_modules]
    if not some:
        return Recommendation(None, "no value gives any module")

    def away(score: Score) -> float:
        return abs(math.log(score.value / study_value))

    best = max(some, key=lambda score: (score.mean, -away(score)))
    if best.mean <= _CLEAR * best.se:
        return Recommendation(
            None,
            "the two halves agree no better than chance at any value "
            f"(best {_told(best)} at {best.value:g})",
        )
    good = [score for score in some if score.mean >= best.mean - best.se]
    chosen = min(good, key=lambda score: (away(score), -score.mean, score.value))
    own = next(score for score in scores if score.value == study_value)
    reason = _reason(chosen, best, own)
    # halves agree most easily on little: say what the choice leaves out
    fullest = max(some, key=lambda score: (score.n_stable_genes, -away(score)))
    if fullest.n_stable_genes > chosen.n_stable_genes:
        reason += (
            f"; but {fullest.value:g} has more genes in stable modules, "
            f"{fullest.n_stable_genes:,} against {chosen.n_stable_genes:,}"
        )
    return Recommendation(chosen.value, reason)


def _reason(chosen: Score, best: Score, own: Score) -> str:
    found = f"split-half ARI {_told(chosen)}"
    if chosen.value == best.value == own.value:
        return f"the study's own value is the best: {found}"
    if chosen.value == best.value:
        return f"the best: {found}; the study's own value, {own.value:g}, has {_told(own)}"
    limit = f"within one standard error of the best, {_told(best)} at {best.value:g}"
    if chosen.value == own.value:
        return f"the study's own value is {limit}: {found}"
    return f"{found}: {limit}, and nearest to the study's own value, {own.value:g} ({_told(own)})"


def _told(score: Score) -> str:
    return f"{score.mean:.3f} ± {score.se:.3f}"
