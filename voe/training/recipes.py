"""A recipe: everything that decides what a tiny model becomes. TOML, frozen, complete."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from voe.errors import CardError, did_you_mean
from voe.training.flat_lessons import MOST, FlatLesson
from voe.training.lessons import Lesson
from voe.worlds.flat import SMALLEST
from voe.worlds.watch.clips import World

Family = Literal["vjepa2", "videomae"]
Masking = Literal["mixed", "block", "causal", "half", "random"]
Targets = Literal["latent", "normalised", "raw"]
Loss = Literal["absolute", "squared"]
Precision = Literal["bfloat16", "float32"]

FOLDER: Final = Path(__file__).parent / "recipes"
_POSITIVE: Final = (
    "clips", "steps", "batch", "learning_rate", "patch", "width", "depth", "heads", "predictor_width",
    "predictor_depth", "size",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and how.

    `family` vjepa2 predicts latents of an EMA target encoder (`targets` 'latent'), videomae pixels
    ('normalised' by patch, or 'raw'); `loss` is that of latents, pixels have a squared one. `masking`:
    'causal' hides all but the first frames, 'half' the second half of them, 'block' hides blocks of space
    in every frame, 'random' hides tokens at random, 'mixed' is half causal and half block. Windows are of
    16 frames. `clips` is how many different clips are seen; `world` says what they look like; a `lesson`, or
    one in a `flat` world, is watched in its place, if there is one. The learning rate warms up over `warmup`
    steps and falls along a cosine; `ema` is the target encoder's momentum at the start and the end.
    `precision` bfloat16 runs the networks under autocast where the device has instructions for it.
    """

    name: str
    family: Family = "vjepa2"
    targets: Targets = "latent"
    loss: Loss = "absolute"
    masking: Masking = "mixed"
    clips: int = 6_000
    steps: int = 1_000
    batch: int = 48
    learning_rate: float = 8e-4
    weight_decay: float = 0.05
    warmup: int = 100
    ema: tuple[float, float] = (0.99, 0.999)
    patch: int = 24
    width: int = 128
    depth: int = 4
    heads: int = 4
    predictor_width: int = 96
    predictor_depth: int = 4
    size: int = 96
    seed: int = 0
    precision: Precision = "bfloat16"
    world: World = field(default_factory=lambda: World(seed=1))
    lesson: Lesson | None = None
    flat: FlatLesson | None = None

    def __post_init__(self) -> None:
        if (self.family == "vjepa2") != (self.targets == "latent"):
            raise CardError(
                f"recipe {self.name!r}: vjepa2 predicts latents, videomae normalised or raw pixels"
            )
        if self.lesson is not None and self.flat is not None:
            raise CardError(f"recipe {self.name!r}: it has a [lesson] and a [flat] one; keep one of them")
        for key in _POSITIVE:
            if not 0 < getattr(self, key) < float("inf"):
                raise CardError(f"recipe {self.name!r}: {key} is {getattr(self, key)}; it must be positive")
        for key, most in (("seed", MOST), ("warmup", MOST), ("weight_decay", float("inf"))):
            if not 0 <= getattr(self, key) <= most or getattr(self, key) == float("inf"):
                raise CardError(
                    f"recipe {self.name!r}: {key} is {getattr(self, key)}; it must lie in 0..{most}"
                )
        self._require_parts()
        if self.masking in {"block", "mixed", "random"} and self.size == self.patch:
            raise CardError(
                f"recipe {self.name!r}: masking {self.masking!r} hides parts of the picture, but of patches "
                f"of {self.patch} pixels it has only one; make them smaller"
            )
        if self.flat is not None and self.size < SMALLEST:
            raise CardError(
                f"recipe {self.name!r}: size is {self.size}; the flat world needs {SMALLEST} pixels or more, "
                "or what it hides can be seen"
            )
        if not self.name or self.name.startswith(".") or set(self.name) & set("/\\"):
            raise CardError(f"recipe {self.name!r}: a name is a folder's, without slashes or a dot in front")
        if not all(0 <= momentum <= 1 for momentum in self.ema):
            raise CardError(f"recipe {self.name!r}: ema is {list(self.ema)}; momenta lie in 0..1")

    def _require_parts(self) -> None:
        """Refuse pictures that patches do not fill, and channels that heads cannot share."""
        for key, part in (("size", "patch"), ("width", "heads"), ("predictor_width", "heads")):
            whole, unit = getattr(self, key), getattr(self, part)
            if whole % unit:
                raise CardError(f"recipe {self.name!r}: {key} {whole} must be a multiple of {part} {unit}")
            if part == "heads" and self.family == "vjepa2" and whole // unit % 2:
                raise CardError(
                    f"recipe {self.name!r}: {key} {whole} gives each of {unit} heads an odd number of "
                    "channels; positions turn pairs of them, so make it even"
                )

    def with_changes(self, **changes: object) -> Recipe:
        """The recipe with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_recipe(name: str) -> Recipe:
    """A recipe by name, or from a file that ends in .toml.

    Raises:
        CardError: no such recipe, not TOML, or a field that is unknown or of the wrong type.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise CardError(
            f"looking for the recipe {name!r}: there is none.{did_you_mean(name, recipe_names())} Known: "
            f"{', '.join(recipe_names())}; or give the path of a recipe (.toml)"
        )
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: not a TOML file: {error}") from error
    return Recipe(**{"name": path.stem, **_typed(Recipe, table, str(path))})


def _typed(of: type, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields of a dataclass from a table of TOML, each of its declared type; tables in it are such too.

    Raises:
        CardError: a field that is unknown, or not of its type.
    """
    types = get_type_hints(of)
    typed: dict[str, Any] = {}
    for key, value in table.items():
        if key not in types:
            raise CardError(f"{where}: unknown field {key!r}.{did_you_mean(key, types)}")
        wanted = next(one for one in (*get_args(types[key]), types[key]) if one is not type(None))
        if get_origin(types[key]) is Literal and value not in get_args(types[key]):
            allowed = ", ".join(get_args(types[key]))
            raise CardError(f"{where}: {key} is {value!r}; it must be one of {allowed}")
        if is_dataclass(wanted) and isinstance(wanted, type):
            if not isinstance(value, dict):
                raise CardError(f"{where}: {key} is {value!r}; it must be a table, [{key}]")
            typed[key] = wanted(**_typed(wanted, value, f"{where}: [{key}]"))
            continue
        try:
            typed[key] = msgspec.convert(value, types[key])
        except msgspec.ValidationError as error:
            raise CardError(f"{where}: {key} is {value!r}: {error}") from error
    return typed
