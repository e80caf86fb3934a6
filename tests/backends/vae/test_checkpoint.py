"""A checkpoint gives back the model, the same bytes each time, and refuses other features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from isograph.backends.vae.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from isograph.backends.vae.module import Vae
from isograph.errors import IsographError

pytestmark = pytest.mark.filterwarnings("error")

IDS = tuple(f"G{i}::switch.1" for i in range(6))


def made(widths: tuple[int, ...] = (3,)) -> Checkpoint:
    generator = torch.Generator().manual_seed(1)
    model = Vae(len(IDS), 2, widths, generator)
    model.loadings.normal_(generator=generator)
    return Checkpoint(
        n_latent=2,
        hidden_widths=widths,
        feature_ids=IDS,
        centre=torch.zeros(len(IDS), dtype=torch.float64),
        scale=torch.ones(len(IDS), dtype=torch.float64),
        state={name: value.detach().clone() for name, value in model.state_dict().items()},
    )


@pytest.mark.parametrize("widths", [(), (3,), (4, 3)])
def test_model_comes_back_as_it_was(tmp_path: Path, widths: tuple[int, ...]) -> None:
    path, x = tmp_path / "vae_checkpoint.pt", torch.randn(5, len(IDS))
    save_checkpoint(path, made(widths))
    before, after = made(widths).model(), load_model(path, IDS)
    share = torch.ones(5, 1)
    z = before.encode(x, share).mean
    assert torch.equal(z, after.encode(x, share).mean)
    assert torch.equal(before.decode(z), after.decode(z))


def test_same_content_gives_the_same_bytes_whatever_its_name(tmp_path: Path) -> None:
    for name in ("a.pt", "another.pt"):
        save_checkpoint(tmp_path / name, made())
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.pt", "another.pt"]


def test_holds_tensors_numbers_and_text_only(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.pt", made())
    content = torch.load(tmp_path / "a.pt", weights_only=True)
    assert content["feature_ids"] == list(IDS)
    assert content["shapes"]["loadings"] == [5, 6]


def test_refuses_features_that_are_missing_and_unknown_at_once() -> None:
    other = (*IDS[4:], "G7", "G8", "G9", "G10")
    with pytest.raises(CheckpointError) as refused:
        made().check_features(other)
    text = str(refused.value)
    assert "missing (4): G0::switch.1, G1::switch.1, G2::switch.1, …" in text
    assert "unknown to it (4): G7, G8, G9, …" in text
    assert isinstance(refused.value, IsographError)


def test_refuses_another_order() -> None:
    with pytest.raises(CheckpointError, match=r"another order, or repeated \(2\)"):
        made().check_features((IDS[1], IDS[0], *IDS[2:]))


def test_refuses_tensors_of_another_shape(tmp_path: Path) -> None:
    state = dict(made().state) | {"noise": torch.ones(4)}
    save_checkpoint(tmp_path / "a.pt", replace(made(), state=state))
    with pytest.raises(CheckpointError, match=r"wrong shape \(1\): noise \(4,\) for \(6,\)"):
        load_checkpoint(tmp_path / "a.pt")


def test_refuses_a_state_with_tensors_missing(tmp_path: Path) -> None:
    state = {name: value for name, value in made().state.items() if name != "noise"}
    save_checkpoint(tmp_path / "a.pt", replace(made(), state=state))
    with pytest.raises(CheckpointError, match=r"tensors missing \(1\): noise"):
        load_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all"])
def test_refuses_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "a.pt")


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not there"):
        load_checkpoint(tmp_path / "a.pt")


def test_refuses_pickled_objects(tmp_path: Path) -> None:
    torch.save({"format": 1, "state": Path("x")}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "a.pt")


def test_refuses_another_format_and_says_what_to_do(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.pt", made())
    content = torch.load(tmp_path / "a.pt", weights_only=True) | {"format": 99}
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="has format 99, this version reads 1 → train anew"):
        load_checkpoint(tmp_path / "a.pt")


def test_lacking_parts_are_named(tmp_path: Path) -> None:
    torch.save({"format": 1}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"lacks parts \(7\): n_latent, hidden_widths"):
        load_checkpoint(tmp_path / "a.pt")
