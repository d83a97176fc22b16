"""Checkpoint files that are whole, broken, hostile or of another model."""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from voe.adapters import checkpoints
from voe.adapters.checkpoints import (
    load_strict,
    parameter_count,
    read_torch_file,
    section,
    weights_hash,
)
from voe.adapters.specs import parse_spec
from voe.errors import ModelError

SPEC = parse_spec("vjepa:some.pth.tar")


class Command:
    """Unpickling it runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_torch_file(SPEC, path)
    message = str(caught.value)
    assert "vjepa:some.pth.tar" in message and str(path) in message
    return message


def test_plain_data_beside_the_weights(tmp_path: Path) -> None:
    """A command line, scalars of numpy and paths are what training scripts save; none of it is code."""
    path = tmp_path / "a.pth"
    content = {
        "model": {"w": torch.ones(2)},
        "args": argparse.Namespace(lr=0.1, out=tmp_path),
        "loss": np.float64(0.5),
        "steps": np.int64(3),
        "opt": None,
    }
    torch.save(content, path)
    read = read_torch_file(SPEC, path)
    assert read["args"].out == tmp_path
    assert (read["loss"], read["steps"]) == (0.5, 3)
    assert torch.equal(read["model"]["w"], torch.ones(2))


@pytest.mark.parametrize("zipped", [True, False])
def test_old_and_new_formats(tmp_path: Path, zipped: bool) -> None:
    torch.save({"w": torch.arange(3.0)}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    assert read_torch_file(SPEC, tmp_path / "a.pt")["w"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    path, trace = tmp_path / "a.pt", tmp_path / "trace"
    torch.save({"w": Command(f"touch {trace}")}, path, _use_new_zipfile_serialization=zipped)
    message = refused(path)
    assert "would run" in message and "system" in message
    assert not trace.exists()


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "none.pt")
    assert "there is no file" in refused(tmp_path)
    (tmp_path / "a.pt").write_text("<html>not found</html>")
    assert "fetch it again" in refused(tmp_path / "a.pt")
    (tmp_path / "a.pt").write_bytes(b"")
    assert "0 bytes" in refused(tmp_path / "a.pt")
    torch.save([torch.ones(2)], tmp_path / "a.pt")
    assert "holds a list" in refused(tmp_path / "a.pt")


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_and_altered_files(tmp_path: Path, zipped: bool) -> None:
    """Whatever bytes are lost or changed, the outcome is a dictionary or a ModelError, nothing else."""
    path = tmp_path / "a.pt"
    torch.save({"w": torch.arange(8.0)}, path, _use_new_zipfile_serialization=zipped)
    whole, generator = path.read_bytes(), random.Random(0)
    for length in range(0, len(whole) - 1, max(len(whole) // 40, 1)):
        path.write_bytes(whole[:length])
        refused(path)
    for _ in range(150):
        altered = bytearray(whole)
        for _ in range(generator.choice([1, 3, 10])):
            altered[generator.randrange(len(altered))] = generator.randrange(256)
        path.write_bytes(bytes(altered))
        try:
            assert isinstance(read_torch_file(SPEC, path), dict)
        except ModelError as error:
            assert "some.pth.tar" in str(error)


def test_section_strips_prefixes_in_order() -> None:
    content = {"encoder": {"module.backbone.w": torch.ones(1), "w.module.b": torch.ones(1)}, "epoch": 3}
    assert list(section(SPEC, content, "encoder", ("module.", "backbone."))) == ["w", "w.module.b"]
    for key in ("epoch", "predictor"):
        with pytest.raises(ModelError, match=f"no weights under '{key}'; it holds: encoder, epoch"):
            section(SPEC, content, key, ())


def test_load_strict_names_everything_that_does_not_fit() -> None:
    module = nn.Linear(3, 2)
    with pytest.raises(ModelError) as caught:
        load_strict(SPEC, module, {"weight": torch.ones(3, 2), "scale": torch.ones(1)}, "head")
    message = str(caught.value)
    assert "head do not fit" in message
    assert "1 missing (bias)" in message
    assert "1 unexpected (scale)" in message
    assert "weight ((3, 2) in the checkpoint, (2, 3) wanted)" in message
    many = {f"extra{i}": torch.ones(1) for i in range(9)}
    with pytest.raises(ModelError, match=r"9 unexpected \(extra0, extra1, extra2, and 6 more\)"):
        load_strict(SPEC, module, {**module.state_dict(), **many}, "head")


def test_load_strict_copies_into_a_network_without_memory() -> None:
    with torch.device("meta"):
        module = nn.Linear(3, 2)
    state = {"weight": torch.ones(2, 3, dtype=torch.bfloat16), "bias": torch.zeros(2)}
    load_strict(SPEC, module, state, "head")
    state["bias"].fill_(7)
    assert module.weight.dtype == torch.float32
    assert module(torch.ones(1, 3)).tolist() == [[3, 3]]


def test_weights_that_exceed_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "available_memory", lambda: 8)
    with pytest.raises(ModelError, match="the weights of the head need"):
        load_strict(SPEC, nn.Linear(3, 2), nn.Linear(3, 2).state_dict(), "head")


def test_hash_depends_on_names_shapes_types_and_bytes() -> None:
    state = {"b": torch.ones(2, 2), "a": torch.zeros(3)}
    others = [
        {"b": torch.ones(2, 2), "c": torch.zeros(3)},
        {"b": torch.ones(4), "a": torch.zeros(3)},
        {"b": torch.ones(2, 2), "a": torch.zeros(3, dtype=torch.int32)},
        {"b": torch.ones(2, 2), "a": torch.tensor([0.0, 0.0, 1e-30])},
    ]
    hashes = {weights_hash(other) for other in [state, *others]}
    assert len(hashes) == 5
    assert weights_hash({"a": state["a"], "b": state["b"].T.contiguous().T}) == weights_hash(state)
    assert len(weights_hash({"scalar": torch.tensor(1.0, dtype=torch.bfloat16)})) == 64


def test_shared_parameters_count_once() -> None:
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    assert parameter_count(first) == 8
    second.weight = first.weight
    assert parameter_count(first, second) == 10


def test_weights_count_by_their_values_however_they_are_stored() -> None:
    eye = torch.eye(3)
    whole = weights_hash({"w": eye})
    assert weights_hash({"w": eye.to_sparse()}) == whole != weights_hash({"w": 2 * eye})
    with pytest.raises(ModelError, match="'w': they lie on the meta device"):
        weights_hash({"w": torch.empty(3, device="meta")})
    packed = {"packed": (eye, None), "kind": torch.qint8, "other": object()}
    assert weights_hash(packed) == weights_hash({**packed, "other": object()})
    assert weights_hash(packed) != weights_hash({**packed, "packed": (2 * eye, None)})
