"""A model spec -> `Predictor`: built-in families, installed plugins, and classes by their module or file.

    vjepa2:facebook/vjepa2-vitl-fpc64-256        a built-in family
    my-family:some/reference,gain=2              an entry point of the group `voe.adapters`
    my_package.my_module:MyAdapter,gain=2        a class that can be imported
    path/to/my_adapter.py:MyAdapter,gain=2       a class in a file

Nothing is imported before it is asked for, so a plugin that is broken troubles nobody else.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from voe.adapters.base import Predictor, PredictorSpec
from voe.adapters.judge import Judge, JudgeSpec
from voe.adapters.own_files import FOREIGN_ERRORS, describe, module_of_file
from voe.adapters.specs import ModelSpec, parse_spec
from voe.errors import ModelError, VoeError, did_you_mean
from voe.weights import resolved

if TYPE_CHECKING:
    from types import ModuleType

    from voe.adapters.placement import Placement

    Factory = Callable[[ModelSpec, Placement], Predictor]

GROUP = "voe.adapters"

BUILT_IN = {
    "vjepa": "voe.adapters.vjepa",
    "vjepa2": "voe.adapters.vjepa2",
    "videomae": "voe.adapters.videomae",
    "untrained": "voe.adapters.untrained",
    "copy-last-frame": "voe.adapters.baselines",
    "linear-extrapolation": "voe.adapters.baselines",
    "random": "voe.adapters.baselines",
    "mllm": "voe.adapters.mllm",
    "openai": "voe.adapters.openai_server",
    "clip": "voe.adapters.clip",
    "planted": "voe.adapters.planted",
}


def load_model(spec: str | ModelSpec, *, device: str | None = None, dtype: str | None = None) -> Predictor:
    """Load the predictor that a spec names.

    Args:
        spec: see the top of this module; `voe models` lists the families.
        device: 'cpu', 'cuda', 'cuda:1', 'mps'; by default the best that is there.
        dtype: 'float32' (the default), 'bfloat16' or 'float16'. Both go before `device=` and `dtype=` in the
            spec, which factories do not see.

    Raises:
        ModelError: no such family, file, class or device, an unknown option, a checkpoint that does not fit,
            a plugin that cannot be loaded, or an object that is not a `Predictor`.
    """
    model = load_any(spec, device=device, dtype=dtype)
    if isinstance(model, Judge):
        raise ModelError(
            f"model {model.spec.name!r} is asked in words and predicts nothing; `voe score` and "
            "`voe check-adapter` can use it, this cannot"
        )
    return model


def load_any(
    spec: str | ModelSpec, *, device: str | None = None, dtype: str | None = None
) -> Predictor | Judge:
    """Load whatever a spec names: a predictor, or a judge that is asked in words (errors as `load_model`)."""
    from voe.adapters.placement import Placement

    asked = parse_spec(spec) if isinstance(spec, str) else spec
    wanted = device or asked.options.get("device")
    precision = dtype or asked.options.get("dtype")
    placement = Placement.choose(wanted, precision)
    rest = {key: value for key, value in asked.options.items() if key not in ("device", "dtype")}
    own = replace(asked, options=rest, reference=_with_home(resolved(asked.reference)))
    if own.family in BUILT_IN:
        model: object = importlib.import_module(BUILT_IN[own.family]).from_spec(own, placement)
    else:
        try:
            model = _foreign_factory(own)(own, placement)
        except VoeError:
            raise
        except FOREIGN_ERRORS as error:
            raise ModelError(f"model {own.text!r}: building it failed: {describe(error)}") from error
    told = f"{asked.text} ({str(placement.dtype).removeprefix('torch.')} on {placement.device.type})"
    if isinstance(model, Judge):
        judge = _require_judge(model, own.text)
        if precision is not None and own.family not in BUILT_IN:
            _require_precision(judge.spec, own.text, placement.dtype_name)
        object.__setattr__(judge, "loaded_from", told)
        return judge
    predictor = require_predictor(model, own.text)
    if wanted is not None and predictor.device.type != placement.device.type:
        raise ModelError(
            f"model {own.text!r} lies on {predictor.device}, not on {placement.device} as asked; leave "
            "the device out, or let its class take a parameter `device`"
        )
    if precision is not None and own.family not in BUILT_IN:
        _require_precision(predictor.spec, own.text, placement.dtype_name)
    object.__setattr__(predictor, "loaded_from", told)  # also of a frozen dataclass
    if own.family in BUILT_IN:
        from voe.adapters.identity import weights_of

        predictor.loaded_weights = weights_of(predictor)
    return predictor


def _require_judge(model: Judge, text: str) -> Judge:
    """The same judge, after checking that it says what it is."""
    if not isinstance(getattr(model, "spec", None), JudgeSpec):
        raise ModelError(
            f"model {text!r}: {type(model).__name__} has no `spec`; set self.spec = JudgeSpec(...) in its "
            "__init__"
        )
    _require_details(model.spec.details, f"model {text!r}: {type(model).__name__}")
    return model


def _with_home(reference: str) -> str:
    """The reference, with the home folder for a leading `~`, which a shell leaves alone behind a colon."""
    return str(Path(reference).expanduser()) if reference.startswith("~") else reference


def require_predictor(model: object, text: str) -> Predictor:
    """The same object, after checking that the engine can work with it.

    Raises:
        ModelError: it is no `Predictor`, its `spec` or `device` is missing or of another type, a stream has
            no name or another's, or its details are not what JSON can hold.
    """
    import torch

    where = f"model {text!r}: {type(model).__name__}"
    if model is None:
        raise ModelError(f"model {text!r}: what builds it returned nothing; let it return the predictor")
    if not isinstance(model, Predictor):
        raise ModelError(f"{where} is not a voe.adapters.base.Predictor; derive the class from it")
    spec = getattr(model, "spec", None)
    if not isinstance(spec, PredictorSpec):
        raise ModelError(f"{where} has no `spec`; set self.spec = PredictorSpec(...) in its __init__")
    if not isinstance(getattr(model, "device", None), torch.device):
        raise ModelError(
            f"{where} has no `device`; set self.device = torch.device(...) in its __init__, the device that "
            "its inputs must lie on"
        )
    streams = () if isinstance(spec.streams, str) else spec.streams
    if not streams or not all(isinstance(stream, str) for stream in streams):
        raise ModelError(
            f"{where}: spec.streams is {spec.streams!r}; name at least one stream, as texts in a tuple"
        )
    if len(set(spec.streams)) < len(spec.streams):
        raise ModelError(f"{where}: spec.streams is {spec.streams!r}; name each stream once")
    _require_details(spec.details, where)
    return model


def _require_details(details: object, where: str) -> None:
    """Refuse details that `run.json` could not hold."""
    try:
        if not isinstance(details, Mapping):
            raise TypeError(f"it is a {type(details).__name__}, not a dictionary")
        json.dumps(dict(details), allow_nan=False, sort_keys=True, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{where}: spec.details cannot be recorded ({error}); give a dictionary of numbers, text, lists "
            "and dictionaries, by names that are text"
        ) from error


def _require_precision(spec: PredictorSpec | JudgeSpec, text: str, wanted: str) -> None:
    """Refuse a class of one's own that does not compute in the precision that was asked for."""
    computed = str(spec.details.get("dtype", "float32")).removeprefix("torch.")
    if computed != wanted:
        raise ModelError(
            f"model {text!r} computes in {computed}, not in {wanted} as asked; leave dtype out, or let its "
            "class take a parameter `dtype` and state it in spec.details['dtype']"
        )


def plugins() -> dict[str, EntryPoint]:
    """Installed plugins by family name; nothing is imported.

    A built-in family's name is never taken over; of two plugins with one name the first by package counts.
    """
    return {point.name: point for point in reversed(_entries()) if point.name not in BUILT_IN}


def unused_plugins() -> list[EntryPoint]:
    """Plugins whose name a built-in family or another plugin has already."""
    taken, unused = set(BUILT_IN), []
    for point in _entries():
        if point.name in taken:
            unused.append(point)
        taken.add(point.name)
    return unused


def package_of(point: EntryPoint) -> str:
    """The distribution that an entry point belongs to."""
    return point.dist.name if point.dist is not None else "an unknown package"


def _entries() -> list[EntryPoint]:
    """All entry points of the group, by name and package; one that is found twice on the path counts once."""
    found = {(point.name, package_of(point), point.value): point for point in entry_points(group=GROUP)}
    return [point for _, point in sorted(found.items())]


def load_plugin(point: EntryPoint) -> Factory:
    """Import a plugin's factory.

    Raises:
        ModelError: importing it fails; the message names the plugin, its package and the cause.
    """
    package = package_of(point)
    who = f"plugin {point.name!r} ({point.value}, from {package})"
    try:
        factory = point.load()
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{who} cannot be loaded: {describe(error)}. Repair it, or uninstall {package}"
        ) from error
    if inspect.isclass(factory):
        factory = getattr(factory, "from_spec", None)
    if not callable(factory):
        raise ModelError(
            f"{who} is neither a function of (ModelSpec, Placement) nor a class with such a classmethod "
            "`from_spec`; correct its entry point"
        )
    return cast("Factory", factory)


def _foreign_factory(spec: ModelSpec) -> Factory:
    """The factory of a plugin, of an importable class, or of a class in a file."""
    installed = plugins()
    if spec.family in installed:
        return load_plugin(installed[spec.family])
    # The last colon, because a path on Windows has one of its own.
    place, _, name = f"{spec.family}:{spec.reference}".rpartition(":")
    if place.endswith(".py"):
        path = Path(place).expanduser()
        return _as_factory(_class_of(module_of_file(path, spec), name, spec, path.name), spec)
    if "." in place or (name.isidentifier() and _exists(place)):
        return _as_factory(_class_of(_imported(place, spec), name, spec, place), spec)
    known = [*BUILT_IN, *installed]
    raise ModelError(
        f"model {spec.text!r}: unknown family {spec.family!r}.{did_you_mean(spec.family, known)} Families: "
        f"{', '.join(known)}; or package.module:Class, or path/to/file.py:Class"
    )


def _exists(module: str) -> bool:
    """Whether a module of that undotted name could be imported."""
    return module.isidentifier() and importlib.util.find_spec(module) is not None


def _imported(name: str, spec: ModelSpec) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        hint = "install it, put its folder on PYTHONPATH, or give the file: path/to/file.py:Class"
        raise ModelError(f"model {spec.text!r}: {error}; {hint}") from error


def _class_of(module: ModuleType, name: str, spec: ModelSpec, place: str) -> Callable[..., Any]:
    """What `name` means in a module, which people know as `place`.

    Raises:
        ModelError: nothing, or nothing that can be called.
    """
    found = getattr(module, name, None)
    if callable(found):
        return cast("Callable[..., Any]", found)
    ours = {"voe", "torch"}  # imported to derive from
    callables = [
        key for key, value in vars(module).items()
        if inspect.isclass(value) and key[0] != "_" and value.__module__.partition(".")[0] not in ours
    ]  # fmt: skip
    raise ModelError(
        f"model {spec.text!r}: {place} has no class {name!r}."
        f"{did_you_mean(name, callables)} Its classes: {', '.join(callables) or 'none'}"
    )


def _as_factory(found: Callable[..., Any], spec: ModelSpec) -> Factory:
    """A function of (ModelSpec, Placement), whatever was found.

    A class with a classmethod `from_spec` is built by it; another class is called with the options as
    keyword arguments (text), and with `device` and `dtype` where it has parameters of those names.

    Raises:
        ModelError: a function (a classmethod, too) that cannot be called with the two.
    """
    if callable(own := getattr(found, "from_spec", None)):
        _require_two_parameters(own, f"its {own.__name__}" if hasattr(own, "__name__") else "it", spec)
        return cast("Factory", own)
    if not inspect.isclass(found):
        _require_two_parameters(found, "it is no class, and", spec)
        return cast("Factory", found)

    def build(spec: ModelSpec, placement: Placement) -> Predictor:
        try:
            accepted = inspect.signature(found).parameters
        except (TypeError, ValueError):  # written in another language: its own errors must do
            return cast(Predictor, found(**spec.options))
        placed = {"device": placement.device, "dtype": placement.dtype}
        given = {**spec.options, **{name: value for name, value in placed.items() if name in accepted}}
        _require_arguments(accepted, given, spec)
        return cast(Predictor, found(**given))

    return build


def _require_two_parameters(factory: Callable[..., Any], what: str, spec: ModelSpec) -> None:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # written in another language: its own errors must do
        return
    try:
        signature.bind(spec, None)
    except TypeError as error:
        raise ModelError(
            f"model {spec.text!r}: {what} cannot be called with a ModelSpec and a Placement ({error}); name "
            "a class derived from voe.Predictor, or something that takes (spec, placement) and returns one"
        ) from error


def _require_arguments(
    accepted: Mapping[str, inspect.Parameter], given: Mapping[str, object], spec: ModelSpec
) -> None:
    """Refuse options that a class does not take, and the lack of one that it needs.

    Raises:
        ModelError: the message names it, and those that there are.
    """
    if any(one.kind is one.POSITIONAL_ONLY and one.default is one.empty for one in accepted.values()):
        raise ModelError(
            f"model {spec.text!r}: its class takes a parameter by place only (before a `/`); options have "
            "names, so let it take all by name"
        )
    unnamed = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.VAR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    named = {name: one for name, one in accepted.items() if one.kind not in unnamed}
    if not any(one.kind is one.VAR_KEYWORD for one in accepted.values()):
        spec.only(*(name for name in named if name not in ("device", "dtype")))
    missing = [name for name, one in named.items() if one.default is one.empty and name not in given]
    if missing:
        surplus = [name for name in given if name not in named]
        raise ModelError(
            f"model {spec.text!r}: it needs {' and '.join(map(repr, missing))}, and has no default; add "
            f"{','.join(f'{name}=VALUE' for name in missing)}, behind a comma"
            + (f"; what it was given instead: {', '.join(surplus)}" if surplus else "")
        )
