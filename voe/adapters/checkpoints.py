"""Weights from files, strictly: nothing missing, nothing left over, nothing executed, and a fingerprint.

A network whose checkpoint does not fit must never run with the random numbers that it was built with, so
every way of loading ends in `load_strict`, or in the same comparison by transformers.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError, did_you_mean
from voe.weights import shipped

_SHOWN = 3
# What torch.load and transformers raise for files that are truncated, altered or of another kind.
_UNREADABLE = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    OSError,
    AssertionError,
    TypeError,
    AttributeError,
    struct.error,
    zipfile.BadZipFile,
)


def read_torch_file(spec: ModelSpec, path: Path) -> dict[str, Any]:
    """A checkpoint written by torch.save, read with `weights_only=True`: no code in it is run.

    Raises:
        ModelError: there is no such file, it holds code, it is truncated or not a checkpoint at all.
    """
    if not path.is_file():
        raise ModelError(f"model {spec.text!r}: there is no file {path}; give the path of a checkpoint")
    try:
        # A warning about the file's format says nothing that the errors below do not say better.
        with torch.serialization.safe_globals(_plain_data()), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        raise ModelError(_why_not_unpickled(spec, path, str(error))) from error
    except _UNREADABLE as error:
        raise ModelError(
            f"model {spec.text!r}: {path} ({path.stat().st_size} bytes) cannot be read as a torch "
            f"checkpoint: {_first_line(error)}. It is truncated or another kind of file; fetch it again"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(
            f"model {spec.text!r}: {path} holds a {type(content).__name__}, not a dictionary of weights"
        )
    return content


def _plain_data() -> list[Any]:
    """What training scripts save beside the weights and torch does not know to be harmless.

    VideoMAE's checkpoints carry their command line along; a loss is often a scalar of numpy.
    """
    scalar = np.float64(0).__reduce__()[0]  # numpy's own constructor; its name differs between versions
    dtypes = {type(np.dtype(name)) for name in ("bool", "int32", "int64", "float16", "float32", "float64")}
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [argparse.Namespace, type(Path()), np.dtype, *dtypes, *((scalar, name) for name in names)]


def _why_not_unpickled(spec: ModelSpec, path: Path, message: str) -> str:
    """Tell a pickle with code in it from a file that is no pickle at all."""
    if called := re.search(r"GLOBAL ([\w.]+)", message):
        return (
            f"model {spec.text!r}: {path} holds code, not only weights, and is refused: loading it "
            f"would run {called[1].rstrip('.')}. Save the state dicts alone with torch.save"
        )
    return (
        f"model {spec.text!r}: {path} is not a torch checkpoint, or a broken one; "
        "fetch it again, or give the path of another file"
    )


def section(
    spec: ModelSpec, content: Mapping[str, Any], key: str, prefixes: tuple[str, ...]
) -> dict[str, Tensor]:
    """The state dict under `key` of a checkpoint, with leading `prefixes` stripped from its names, in order.

    Raises:
        ModelError: there is no such key, or it does not hold tensors by name.
    """
    state = content.get(key)
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        held = ", ".join(map(str, list(content)[:8])) or "nothing"
        raise ModelError(
            f"model {spec.text!r}: the checkpoint has no weights under {key!r}; it holds: {held}"
        )
    stripped: dict[str, Tensor] = {}
    for full_name, value in state.items():
        name = str(full_name)
        for prefix in prefixes:
            name = name.removeprefix(prefix)
        stripped[name] = value
    return stripped


def load_strict(spec: ModelSpec, module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Copy weights into a network, every one of them and nothing else.

    Raises:
        ModelError: names missing or left over, or shapes that differ; the first of each are named. Or the
            memory does not hold them.
    """
    own = module.state_dict()
    shapes = [
        f"{name} ({tuple(state[name].shape)} in the checkpoint, {tuple(value.shape)} wanted)"
        for name, value in own.items()
        if name in state and state[name].shape != value.shape
    ]
    require_complete(spec, what, sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys()), shapes)
    _require_memory(spec, sum(value.numel() * value.element_size() for value in own.values()), what)
    # Assigned, because a network that was built on the meta device has no memory to copy into; from copies,
    # because the checkpoint's tensors are mapped from its file, which a training run may overwrite.
    converted = {name: state[name].to(value.dtype, copy=True) for name, value in own.items()}
    module.load_state_dict(converted, assign=True)


def require_complete(
    spec: ModelSpec, what: str, missing: Iterable[str], unexpected: Iterable[str], shapes: Iterable[str]
) -> None:
    """Raise ModelError naming what a checkpoint lacks, has too much, or has in another shape."""
    found = {"missing": list(missing), "unexpected": list(unexpected), "of another shape": list(shapes)}
    parts = [f"{len(names)} {kind} ({_some(names)})" for kind, names in found.items() if names]
    if parts:
        raise ModelError(
            f"model {spec.text!r}: the weights of the {what} do not fit: {'; '.join(parts)}. "
            "This is a checkpoint of another model, or an incomplete one; nothing was scored"
        )


def from_transformers(
    spec: ModelSpec, model_class: Any, heads_to_leave_out: tuple[str, ...] = (), **settings: object
) -> Any:
    """A transformers model of a local folder or a hub id, float32, complete, in evaluation mode.

    `heads_to_leave_out` are prefixes of weights that may be there without being used (a classifier on top);
    `settings` go to `from_pretrained` (`attn_implementation`, changes of the configuration).

    Raises:
        ModelError: not found and not in the local cache, another architecture, broken or incomplete files.
    """
    require_model_type(spec, model_class.config_class)
    return complete_model(spec, model_class, heads_to_leave_out, dtype=torch.float32, **settings)


def complete_model(
    spec: ModelSpec, model_class: Any, to_leave_out: tuple[str, ...] = (), **settings: object
) -> Any:
    """What `from_transformers` loads, of whatever architecture: for classes that choose it themselves.

    Raises:
        ModelError: as `from_transformers`.
    """
    with loading(spec):
        model, report = model_class.from_pretrained(
            spec.reference, output_loading_info=True, ignore_mismatched_sizes=True, **settings
        )
    left_over = sorted(k for k in report["unexpected_keys"] if not k.startswith(to_leave_out or ("\0",)))
    shapes = [
        f"{name} ({tuple(theirs)} in the checkpoint, {tuple(ours)} wanted)"
        for name, theirs, ours in sorted(report["mismatched_keys"])
    ]
    require_complete(spec, model_class.__name__, sorted(report["missing_keys"]), left_over, shapes)
    return model.eval()


@contextmanager
def loading(spec: ModelSpec) -> Iterator[None]:
    """Quietly load something of a spec by transformers; what goes wrong there is a ModelError."""
    with quiet_transformers():
        try:
            yield
        except _transformers_errors() as error:
            raise ModelError(_why_not_loaded(spec, error)) from error


def require_model_type(spec: ModelSpec, config_class: Any) -> None:
    """Check that a config.json describes the wanted architecture; transformers would only warn.

    Raises:
        ModelError: no config.json is found, or it is of another `model_type`.
    """
    found, wanted = read_config(spec).get("model_type"), config_class.model_type
    if found != wanted:
        raise ModelError(
            f"model {spec.text!r}: its config.json describes {found or 'no'!r} model, not {wanted!r}; "
            "choose the family that fits (`voe models` lists them), or another folder or hub id"
        )


def read_config(spec: ModelSpec) -> dict[str, Any]:
    """The content of the config.json of a folder or a hub id.

    Raises:
        ModelError: there is none, or it is no JSON.
    """
    from transformers import PreTrainedConfig

    folder = Path(spec.reference)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ModelError(
            f"model {spec.text!r}: the folder {folder} holds no config.json, so it is no transformers model; "
            "give the folder that `save_pretrained` wrote, or the checkpoint file itself"
        )
    if "/" not in spec.reference and not folder.exists():
        raise ModelError(
            f"model {spec.text!r}: {spec.reference!r} is neither a folder here nor a model that ships "
            f"({', '.join(shipped())}).{did_you_mean(spec.reference, shipped())} A hub id has the form "
            "OWNER/NAME"
        )
    with loading(spec):
        content, _ = PreTrainedConfig.get_config_dict(spec.reference)
    return dict(content)


def checked_config(spec: ModelSpec, config_class: Any, content: Mapping[str, object]) -> Any:
    """A configuration of that class from the content of a config.json.

    Raises:
        ModelError: a field has a value of the wrong type.
    """
    with loading(spec):
        return config_class.from_dict(dict(content))


def _transformers_errors() -> tuple[type[Exception], ...]:
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    return (*_UNREADABLE, pickle.UnpicklingError, StrictDataclassError, SafetensorError)


def _why_not_loaded(spec: ModelSpec, error: Exception) -> str:
    """What transformers' loading error means to the person who gave the spec."""
    reference = Path(spec.reference)
    if reference.is_dir():
        if isinstance(error, pickle.UnpicklingError):
            return _why_not_unpickled(spec, reference, str(error))
        return f"model {spec.text!r}: the folder {reference} cannot be loaded: {_first_line(error)}"
    if reference.exists():
        return f"model {spec.text!r}: {reference} is a file; give the folder that holds config.json"
    if isinstance(error, OSError):
        return (
            f"model {spec.text!r}: {spec.reference!r} is neither a folder here nor a hub id in the local "
            "cache, and it could not be fetched (no network, no such id, or restricted access). Check the "
            "spelling, or download it elsewhere and give the local folder"
        )
    return f"model {spec.text!r}: the files of {spec.reference!r} cannot be loaded: {_first_line(error)}"


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bars, reports and retries of transformers on the terminal; what is wrong is raised."""
    from logging import ERROR

    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    hub_verbosity = hub.get_verbosity()
    hub.set_verbosity(ERROR)
    try:
        yield
    finally:
        hub.set_verbosity(hub_verbosity)
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def settle(spec: ModelSpec, module: nn.Module, placement: Placement) -> nn.Module:
    """The network on its device, in evaluation mode, without gradients.

    Raises:
        ModelError: it does not fit into the device's memory.
    """
    try:
        return module.eval().requires_grad_(False).to(placement.device)
    except (torch.OutOfMemoryError, MemoryError) as error:
        size = sum(p.numel() * p.element_size() for p in module.parameters()) / 1e9
        raise ModelError(
            f"model {spec.text!r}: its weights ({size:.1f} GB) do not fit into the memory of "
            f"{placement.device}; choose another device or a smaller model"
        ) from error


def _require_memory(spec: ModelSpec, needed: int, what: str) -> None:
    """Refuse weights that would make the system end the process without a word."""
    available = available_memory()
    if available is not None and needed > available:
        raise ModelError(
            f"model {spec.text!r}: the weights of the {what} need {needed / 1e9:.1f} GB of memory and "
            f"{available / 1e9:.1f} GB are free; choose a smaller model, or free some"
        )


def available_memory() -> int | None:
    """Bytes of main memory that a process may still take; None where the system does not say (no Linux)."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def weights_hash(state: Mapping[str, Any]) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of tensors, in the order of their names.

    Sparse and quantised tensors count by their values, tuples (of packed weights) by what is in them, other
    things by what they print. Raises ModelError for a tensor that has no values, or a nested one.

    >>> import torch
    >>> a = {"w": torch.zeros(2), "b": torch.ones(1)}
    >>> weights_hash(a) == weights_hash(dict(reversed(a.items())))
    True
    >>> weights_hash(a) == weights_hash({**a, "w": torch.zeros(1, 2)})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        for part, value in _flat(name, state[name]):
            if isinstance(value, Tensor):
                dense = _dense(part, value)
                digest.update(f"{part}|{dense.dtype}|{tuple(dense.shape)}|".encode())
                digest.update(dense.reshape(-1).view(torch.uint8).numpy().tobytes())
            else:
                text = re.sub(" at 0x.*", "", repr(value))  # an address is no part of it
                digest.update(f"{part}|{type(value).__name__}|{text}|".encode())
    return digest.hexdigest()


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple | list):
        for index, one in enumerate(value):
            yield from _flat(f"{name}.{index}", one)
    else:
        yield name, value


def _dense(name: str, value: Tensor) -> Tensor:
    """The values of a tensor, in order, in the memory of the processor."""
    if value.is_meta or value.is_nested:
        what = "lie on the meta device and have no values" if value.is_meta else "are nested"
        raise ModelError(f"weights {name!r}: they {what}; load them as plain tensors before use")
    value = value.detach()
    value = value.dequantize() if value.is_quantized else value
    value = value if value.layout is torch.strided else value.to_dense()
    return value.resolve_conj().resolve_neg().cpu().contiguous()


def parameter_count(*modules: nn.Module) -> int:
    """Parameters of all the networks together; a shared one counts once."""
    return sum(p.numel() for p in {id(p): p for module in modules for p in module.parameters()}.values())


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", and {rest} more" if rest > 0 else "")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
