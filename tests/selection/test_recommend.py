"""Which value is recommended, and what is said about it."""

from __future__ import annotations

from isograph.selection.recommend import Score, recommend


def score(
    value: float, mean: float, *, se: float = 0.02, n_modules: int = 3, genes: int = 50
) -> Score:
    return Score(
        value=value, n_modules=n_modules, n_stable_genes=genes, mean=mean, sd=3 * se, se=se
    )


def test_the_study_keeps_its_value_where_it_is_as_good_as_the_best() -> None:
    found = recommend([score(3, 0.80), score(6, 0.79), score(12, 0.5)], study_value=6)
    assert found.value == 6
    assert "within one standard error of the best, 0.800 ± 0.020 at 3" in found.reason


def test_a_value_nearer_to_the_study_wins_among_equally_good_ones() -> None:
    found = recommend([score(3, 0.80), score(4, 0.79), score(12, 0.5)], study_value=12)
    assert found.value == 4
    assert "nearest to the study's own value, 12 (0.500 ± 0.020)" in found.reason


def test_nearness_is_a_ratio() -> None:
    found = recommend([score(0.001, 0.8), score(0.008, 0.8), score(0.003, 0.2)], study_value=0.003)
    assert found.value == 0.008


def test_a_clearly_better_value_is_taken() -> None:
    found = recommend([score(3, 0.4), score(6, 0.5), score(12, 0.9)], study_value=3)
    assert found.value == 12
    assert found.reason.startswith("the best")


def test_a_study_at_the_best_value_is_told_so_also_in_a_tie() -> None:
    found = recommend([score(3, 0.9), score(6, 0.9), score(12, 0.9)], study_value=6)
    assert found.value == 6
    assert found.reason.startswith("the study's own value is the best")


def test_a_value_that_agrees_by_finding_little_is_told_on() -> None:
    found = recommend([score(3, 0.7, genes=90), score(6, 0.9, genes=20)], study_value=3)
    assert found.value == 6
    assert found.reason.endswith("; but 3 has more genes in stable modules, 90 against 20")
    same = recommend([score(3, 0.7), score(6, 0.9)], study_value=3)
    assert "but" not in same.reason


def test_values_without_modules_are_not_recommended() -> None:
    found = recommend([score(3, 0.9, n_modules=0), score(6, 0.5)], study_value=3)
    assert found.value == 6


def test_nothing_is_recommended_where_no_value_gives_a_module() -> None:
    found = recommend([score(3, 0.0, n_modules=0), score(6, 0.0, n_modules=0)], study_value=3)
    assert found.value is None
    assert found.reason == "no value gives any module"


def test_nothing_is_recommended_where_halves_agree_by_chance() -> None:
    found = recommend([score(3, 0.03), score(6, 0.01)], study_value=3)
    assert found.value is None
    assert "no better than chance" in found.reason
