"""`vae_checkpoint.pt`: a trained model on disk, and its refusal of features it was not made for."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from isograph.backends.vae.module import Vae
from isograph.errors import InputError, Problem, Problems
from isograph.files import atomic_file

FORMAT = 1
_KEYS = ("format", "n_latent", "hidden_widths", "feature_ids", "centre", "scale", "shapes", "state")
_SCALING_TOLERANCE = 1e-6


class CheckpointError(InputError):
    """A checkpoint cannot be read, or was made for other features."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything a model needs to be used again; nothing else.

    Attributes:
        n_latent: latent dimensions.
        hidden_widths: of the nonlinear part; empty for a linear model.
        feature_ids: in the order of the model's features.
        centre, scale: mean and root mean square of each feature in training, which new features
            must share, float64, shape (n_features,).
        state: tensors of the model by name, on the CPU.
    """

    n_latent: int
    hidden_widths: tuple[int, ...]
    feature_ids: tuple[str, ...]
    centre: Tensor
    scale: Tensor
    state: Mapping[str, Tensor]

    def model(self) -> Vae:
        """The model, on the CPU.

        Raises:
            CheckpointError: tensors are missing, unknown or of another shape; names all.
        """
        model = _empty_model(len(self.feature_ids), self.n_latent, self.hidden_widths)
        _check_state(model, self.state).raise_if_any(
            CheckpointError, "the checkpoint does not hold the model that it describes"
        )
        model.load_state_dict(dict(self.state))
        return model

    def check_features(self, feature_ids: Sequence[str]) -> None:
        """Refuse features that the model was not made for.

        Args:
            feature_ids: in the order of their rows.

        Raises:
            CheckpointError: ids are missing, unknown or in another order; counts and names them.
        """
        ours, theirs = set(self.feature_ids), set(feature_ids)
        missing = [name for name in self.feature_ids if name not in theirs]
        extra = [name for name in feature_ids if name not in ours]
        problems = Problems()
        advice = "use the features that the model was trained on, or train it anew"
        if missing:
            problems.add("features", "missing", examples=missing, count=len(missing), fix=advice)
        if extra:
            problems.add("features", "unknown to it", examples=extra, count=len(extra), fix=advice)
        if not problems and tuple(feature_ids) != self.feature_ids:
            moved = [b for a, b in zip(self.feature_ids, feature_ids, strict=False) if a != b] or [
                "the number of features"
            ]
            problems.add(
                "features",
                "in another order, or repeated",
                examples=moved,
                count=len(moved),
                fix="sort them as the checkpoint does",
            )
        problems.raise_if_any(CheckpointError, "the model was not made for these features")

    def check_scaling(
        self, values: npt.NDArray[np.float64], observed: npt.NDArray[np.bool_]
    ) -> None:
        """Refuse features that are centred or scaled otherwise than those of training.

        Args:
            values: 0 where not observed, shape (n_features, n_samples), rows as `feature_ids`.
            observed: same shape.

        Raises:
            CheckpointError: counts and names the features.
        """
        centre, scale = centre_and_scale(values, observed)
        problems = Problems()
        for what, given, told in (
            ("another mean", centre, self.centre.numpy()),
            ("another root mean square", scale, self.scale.numpy()),
        ):
            wrong = np.flatnonzero(~(np.abs(given - told) <= _SCALING_TOLERANCE))
            if len(wrong):
                problems.add(
                    "features",
                    f"of {what} than in training",
                    examples=[f"{self.feature_ids[i]} {given[i]:.3g}" for i in wrong[:3]],
                    count=len(wrong),
                    fix="give them standardised as the fit had them, or fit again",
                )
        problems.raise_if_any(CheckpointError, "the model was not made for these features")


def centre_and_scale(
    values: npt.NDArray[np.float64], observed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean of observed entries and root mean square over all, each of shape (n_features,)."""
    counts = np.maximum(np.count_nonzero(observed, axis=1), 1)
    return values.sum(axis=1) / counts, np.sqrt(np.square(values).mean(axis=1))


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """What `save_checkpoint` writes; the same checkpoint gives the same bytes.

    It holds tensors, numbers and text only: `torch.load(path, weights_only=True)` reads it.
    """
    content = {
        "format": FORMAT,
        "n_latent": checkpoint.n_latent,
        "hidden_widths": list(checkpoint.hidden_widths),
        "feature_ids": list(checkpoint.feature_ids),
        "centre": checkpoint.centre,
        "scale": checkpoint.scale,
        "shapes": {name: list(value.shape) for name, value in checkpoint.state.items()},
        "state": dict(checkpoint.state),
    }
    # written to a buffer first: torch puts the name of a file into its bytes
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, atomically; see `checkpoint_bytes`."""
    with atomic_file(path) as work:
        work.write_bytes(checkpoint_bytes(checkpoint))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        CheckpointError: the file is not there, is no checkpoint, or holds another model than it
            says.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        what = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise _refused(str(path), what) from error
    return checkpoint_of_bytes(content, name=str(path))


def checkpoint_of_bytes(content: bytes, *, name: str = "vae_checkpoint.pt") -> Checkpoint:
    """Undo `checkpoint_bytes`; nothing in the content is executed.

    Args:
        content: a whole file.
        name: of the file, for errors.

    Raises:
        CheckpointError: the content is no checkpoint, or holds another model than it says.
    """
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise _refused(name, "cannot be read") from error
    _check_content(name, found)
    checkpoint = Checkpoint(
        n_latent=found["n_latent"],
        hidden_widths=tuple(found["hidden_widths"]),
        feature_ids=tuple(found["feature_ids"]),
        centre=found["centre"],
        scale=found["scale"],
        state=found["state"],
    )
    checkpoint.model()
    return checkpoint


def load_model(path: Path, feature_ids: Sequence[str]) -> Vae:
    """The model of a checkpoint, for these features and no others.

    Raises:
        CheckpointError: the file is no checkpoint, or was made for other features.
    """
    checkpoint = load_checkpoint(path)
    checkpoint.check_features(feature_ids)
    return checkpoint.model()


def _refused(name: str, what: str) -> CheckpointError:
    problem = Problem(name, what, fix="give a vae_checkpoint.pt that isograph wrote")
    return CheckpointError("checkpoint refused", [problem])


def _check_content(name: str, content: Any) -> None:
    problems = Problems()
    if not isinstance(content, dict):
        problems.add(name, "holds no checkpoint of isograph")
    else:
        missing = [key for key in _KEYS if key not in content]
        if missing:
            problems.add(name, "lacks parts", examples=missing, count=len(missing))
        elif content["format"] != FORMAT:
            problems.add(
                name,
                f"has format {content['format']}, this version reads {FORMAT}",
                fix="train anew, or use the version of isograph that wrote it",
            )
        else:
            told = {key: list(value.shape) for key, value in content["state"].items()}
            wrong = [
                tensor
                for tensor in {**told, **content["shapes"]}
                if told.get(tensor) != content["shapes"].get(tensor)
            ]
            if wrong:
                problems.add(
                    name,
                    "tensors of other shapes than it says",
                    examples=wrong,
                    count=len(wrong),
                )
    problems.raise_if_any(CheckpointError, "checkpoint refused")


def _empty_model(n_features: int, n_latent: int, hidden_widths: tuple[int, ...]) -> Vae:
    return Vae(n_features, n_latent, hidden_widths, torch.Generator().manual_seed(0))


def _check_state(model: Vae, state: Mapping[str, Tensor]) -> Problems:
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    problems = Problems()
    for what, names in (
        ("missing", [name for name in wanted if name not in given]),
        ("unknown", [name for name in given if name not in wanted]),
        (
            "of the wrong shape",
            [
                f"{name} {given[name]} for {wanted[name]}"
                for name in wanted
                if name in given and given[name] != wanted[name]
            ],
        ),
    ):
        if names:
            problems.add("state", f"tensors {what}", examples=names, count=len(names))
    return problems
