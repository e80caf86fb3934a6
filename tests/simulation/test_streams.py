import numpy as np
import pytest

from isograph.simulation.streams import Streams


def _draw(fixture: str, seed: int, step: str) -> np.ndarray:
    return Streams(fixture, seed).rng(step).standard_normal(2000)


def test_a_step_draws_the_same_whatever_was_asked_for_before() -> None:
    streams = Streams("toy_v1", 7)
    streams.rng("a step that came later in history").random(1000)
    np.testing.assert_array_equal(
        streams.rng("totals").standard_normal(2000), _draw("toy_v1", 7, "totals")
    )


@pytest.mark.parametrize(
    "other", [("medium_v1", 7, "totals"), ("toy_v1", 8, "totals"), ("toy_v1", 7, "shares")]
)
def test_fixture_seed_and_step_each_give_an_unrelated_stream(other: tuple[str, int, str]) -> None:
    r = np.corrcoef(_draw("toy_v1", 7, "totals"), _draw(*other))[0, 1]
    assert abs(r) < 0.1


def test_first_draws_are_pinned_so_that_archived_fixtures_can_be_made_again() -> None:
    drawn = Streams("toy_v1", 7).rng("totals").integers(0, 1_000_000, 4)
    assert drawn.tolist() == [888897, 936076, 148551, 126859]


def test_a_stream_is_given_only_once() -> None:
    streams = Streams("toy_v1", 7)
    streams.rng("totals")
    with pytest.raises(RuntimeError, match="totals"):
        streams.rng("totals")
