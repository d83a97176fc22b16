"""A recipe: everything that decides what a tiny model becomes. TOML, frozen, complete."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from voe.errors import CardError, did_you_mean
from voe.training.lessons import Lesson
from voe.worlds.watch.clips import World

Family = Literal["vjepa2", "videomae"]
Masking = Literal["mixed", "block", "causal", "half", "random"]
Targets = Literal["latent", "normalised", "raw"]
Loss = Literal["absolute", "squared"]
Precision = Literal["bfloat16", "float32"]

FOLDER: Final = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and how.

    `family` vjepa2 predicts latents of an EMA target encoder (`targets` 'latent'), videomae pixels
    ('normalised' by patch, or 'raw'); `loss` is that of latents, pixels have a squared one. `masking`:
    'causal' hides all but the first frames, 'half' the second half of them, 'block' hides blocks of space
    in every frame, 'random' hides tokens at random, 'mixed' is half causal and half block. Windows are of
    16 frames. `clips` is how many different clips are seen; `world` says what they look like; a `lesson` is
    watched in its place, if there is one. The learning rate warms up over `warmup` steps and falls along a
    cosine; `ema` is the target encoder's momentum at the start and the end. `precision` bfloat16 runs the
    networks under autocast.
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

    def __post_init__(self) -> None:
        if (self.family == "vjepa2") != (self.targets == "latent"):
            raise CardError(
                f"recipe {self.name!r}: vjepa2 predicts latents, videomae normalised or raw pixels"
            )
        if min(self.clips, self.steps, self.batch) < 1 or self.size % self.patch or self.width % self.heads:
            raise CardError(
                f"recipe {self.name!r}: clips, steps and batch are at least 1, size a multiple of patch, "
                f"width of heads"
            )

    @property
    def digest(self) -> str:
        """The first 8 hexadecimal digits of what the recipe says."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

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
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{path}: not a TOML file: {error}") from error
    known = {one.name for one in fields(Recipe)}
    for key in table:
        if key not in known:
            raise CardError(f"{path}: unknown field {key!r}.{did_you_mean(key, known)}")
    for key, allowed in (
        ("family", Family),
        ("targets", Targets),
        ("loss", Loss),
        ("masking", Masking),
        ("precision", Precision),
    ):
        if key in table and table[key] not in get_args(allowed):
            raise CardError(
                f"{path}: {key} is {table[key]!r}; it must be one of {', '.join(get_args(allowed))}"
            )
    try:
        if "world" in table:
            table["world"] = World(**table["world"])
        if "lesson" in table:
            table["lesson"] = Lesson(**table["lesson"])
        if "ema" in table:
            table["ema"] = tuple(table["ema"])
        return Recipe(**{"name": path.stem, **table})
    except TypeError as error:
        raise CardError(f"{path}: {error}") from error
