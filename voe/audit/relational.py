"""Lean accounts: detectors that relate context and outcome and know no objects.

Same side, same colour and constant velocity each give a clip S = |f - g|^2, with f read from its context and
g from its outcome; over a 2 x 2 the interaction is I = 2 <f_A - f_B, g_A - g_B>. What both contexts (or both
outcomes) show alike, such as the screen that moves in all four clips, is taken out by reading f and g where
the two differ. Differences that are barely seen are ties: a twentieth of the picture, eight grey levels.

Copying the last frame and extrapolating each pixel are models (`voe.adapters.baselines`), and are scored as
models are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from voe.audit.comparisons import Bools, Comparison, Ints, Parts, parts_of
from voe.audit.pictures import SMALL, Floats, Pixels, ScenePictures

SAME_SIDE, SAME_COLOUR, VELOCITY = "same side", "same colour first and last", "constant-velocity flow"
LEAST_SHIFT = 0.05
"""Share of the picture below which two places are one."""
LEAST_COLOUR = 8.0
"""Grey levels (of 255, root mean square over RGB) below which two colours are one, and a pixel unchanged."""
LEAST_SHARE = 0.1
"""Of two things that are compared, the fainter must have this share of the other's change."""
BLOCK, REACH = 8, 4
"""Side of the blocks whose motion is looked for, and how far, in pixels of SMALL."""
STILL = 2.0
"""Grey levels that a block must gain by being moved to count as moving."""


@dataclass(frozen=True)
class Side:
    """One clip: keys [T] of its frames, rows [T - 1] of its steps."""

    keys: Ints
    steps: Ints
    parts: Parts


Features = tuple[Floats | None, Floats | None]
"""A number or vector for each of two things that are told apart; None where there is nothing to read."""


def read_lean(comparison: Comparison, pictures: ScenePictures) -> dict[str, float]:
    """The score of each lean account on one comparison: 1 right, 0.5 a tie, 0 wrong."""
    names = (*comparison.possible, *comparison.impossible)
    clips = {name: pictures.scene.clips[name] for name in names}
    n_frames = min(len(clip.keys) for clip in clips.values())
    parts = parts_of(comparison, clips[comparison.impossible[0]].numbers[:n_frames])
    first, second = (
        Side(keys, pictures.steps_of(keys), parts)
        for keys in (clips[name].keys[:n_frames] for name in names[:2])
    )
    # In a 2 x 2 these are aa and bb, which show both contexts and both outcomes; in a pair, its two clips.
    quadruplet = comparison.is_quadruplet
    seen = places(pictures, first, second, parts.outcome_steps, apart=True)
    context = places(pictures, first, second, parts.context_steps, apart=quadruplet)
    ahead = _extrapolated(pictures, first, second, apart=quadruplet)
    colours = tuple(
        colours_of(pictures, first, second, kept, apart=apart)
        for kept, apart in ((parts.context, quadruplet), (parts.outcome, True))
    )
    agreement: Callable[[Features, Features, float], float] = _crossed if quadruplet else _paired
    return {
        SAME_SIDE: agreement(context, seen, LEAST_SHIFT),
        SAME_COLOUR: agreement(colours[0], colours[1], LEAST_COLOUR * np.sqrt(3)),
        VELOCITY: agreement(ahead, seen, LEAST_SHIFT),
    }


def _crossed(context: Features, outcome: Features, least: float) -> float:
    """Score of I = 2 <f_A - f_B, g_A - g_B> with f, g of contexts and outcomes; a tie if either is faint."""
    (a, b), (c, d) = context, outcome
    if a is None or b is None or c is None or d is None:
        return 0.5
    before, after = a - b, c - d
    if np.linalg.norm(before) < least or np.linalg.norm(after) < least:
        return 0.5
    return _scored(2 * float(before @ after), 2 * least**2)


def _paired(context: Features, outcome: Features, least: float) -> float:
    """Score of |f - g|^2 of the impossible clip less that of the possible one."""
    (a, b), (c, d) = context, outcome
    if a is None or b is None or c is None or d is None:
        return 0.5
    return _scored(float(((b - d) ** 2).sum() - ((a - c) ** 2).sum()), least**2)


def _scored(contrast: float, tau: float) -> float:
    return 0.5 if abs(contrast) <= tau else float(contrast > 0)


def places(pictures: ScenePictures, first: Side, second: Side, steps: Bools, *, apart: bool) -> Features:
    """Where it changes in each of two clips: the centroid (x, y), in shares of the picture.

    With `apart`, of what changes more in this clip than in the other.
    """
    energies = [pictures.steps.energy[side.steps[steps]].sum(axis=0) for side in (first, second)]
    if apart:
        difference = energies[0] - energies[1]
        energies = [np.maximum(difference, 0), np.maximum(-difference, 0)]
    sums = [float(energy.sum()) for energy in energies]
    if min(sums) <= LEAST_SHARE * max(sums):
        return None, None
    return _centroid(energies[0]), _centroid(energies[1])


def _centroid(weights: Pixels) -> Floats:
    at = (np.arange(SMALL) + 0.5) / SMALL
    total = weights.sum(dtype=np.float64)
    return np.array([(weights.sum(axis=0) @ at) / total, (weights.sum(axis=1) @ at) / total])


def colours_of(pictures: ScenePictures, first: Side, second: Side, kept: Bools, *, apart: bool) -> Features:
    """Mean RGB, in each of two clips, of what tells them apart; else of what has just changed."""
    if apart:
        a, b = (pictures.small[side.keys[kept]] for side in (first, second))
        mask = np.abs(a - b).max(axis=1) > LEAST_COLOUR
        return _mean_colour(a, mask), _mean_colour(b, mask)
    found = []
    for side in (first, second):
        frames = pictures.small[side.keys[kept]]
        mask = np.abs(np.diff(frames, axis=0)).max(axis=1) > LEAST_COLOUR
        found.append(_mean_colour(frames[1:], mask))
    return found[0], found[1]


def _mean_colour(frames: Pixels, mask: Bools) -> Floats | None:
    if not mask.any():
        return None
    return np.array([frames[:, channel][mask].mean(dtype=np.float64) for channel in range(3)])


def _extrapolated(pictures: ScenePictures, first: Side, second: Side, *, apart: bool) -> Features:
    """Where what moves in the context will be in the middle of the outcome, if it goes on as it did."""
    parts = first.parts
    arrival = float(np.flatnonzero(parts.outcome).mean())
    steps = np.flatnonzero(parts.context_steps)
    moving = [block_motion(pictures, side, steps) for side in (first, second)]
    weights = [motion.weights for motion in moving]
    if apart:
        unlike = _unlike_blocks(pictures, first, second, steps)
        weights = [weight * unlike for weight in weights]
    sums = [float(weight.sum()) for weight in weights]
    if min(sums) <= LEAST_SHARE * max(sums):
        return None, None
    ahead = []
    for motion, weight in zip(moving, weights, strict=True):
        total = weight.sum()
        where = (weight[..., None] * motion.centres).sum(axis=(0, 1)) / total
        velocity = (weight[..., None] * motion.velocities).sum(axis=(0, 1)) / total
        when = float((weight.sum(axis=1) * (steps + 0.5)).sum() / total)
        ahead.append(where + velocity * (arrival - when))
    return ahead[0], ahead[1]


def _unlike_blocks(pictures: ScenePictures, first: Side, second: Side, steps: Ints) -> Floats:
    """1 for the blocks in which two clips differ at a step, else 0: [steps, blocks]."""
    a, b = (pictures.small[side.keys[steps]] for side in (first, second))
    return np.asarray(np.abs(_blocks(a - b)).mean(axis=(1, 3)) > STILL, dtype=np.float64)


@dataclass(frozen=True)
class BlockMotion:
    """Blocks of some steps: `weights` [steps, blocks] (0: still), `centres` and `velocities`
    [steps, blocks, 2] in shares of the picture, velocities a step."""

    weights: Floats
    centres: Floats
    velocities: Floats


def block_motion(pictures: ScenePictures, side: Side, steps: Ints) -> BlockMotion:
    """Block matching: where each block of BLOCK pixels of a frame went in the next, by least mean |change|.

    The full search over +-REACH pixels (Jain and Jain 1981, IEEE Trans. Communications 29:1799, their
    measure of distortion made absolute). A block counts by how much moving it explains.
    """
    grey = pictures.small.mean(axis=1)
    before, after = grey[side.keys[steps]], grey[side.keys[steps + 1]]
    padded = np.pad(after, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    # Shortest first: of several that explain a block equally well, the shortest is taken.
    shifts = sorted(
        np.ndindex(2 * REACH + 1, 2 * REACH + 1), key=lambda s: (s[0] - REACH) ** 2 + (s[1] - REACH) ** 2
    )
    shifts = [(dy - REACH, dx - REACH) for dy, dx in shifts]
    costs = np.stack([np.abs(_blocks(_shifted(padded, dy, dx) - before)).mean(axis=-1) for dy, dx in shifts])
    best = costs.argmin(axis=0)
    gain = costs[0] - costs.min(axis=0)
    velocities = np.array([(dx, dy) for dy, dx in shifts])[best] / SMALL
    at = (np.arange(SMALL // BLOCK) + 0.5) * BLOCK / SMALL
    centres = np.stack(np.meshgrid(at, at), axis=-1).reshape(1, -1, 2)
    weights = np.where(gain > STILL, gain, 0.0)
    return BlockMotion(weights, np.broadcast_to(centres, velocities.shape), velocities)


def _shifted(padded: Pixels, dy: int, dx: int) -> Pixels:
    return padded[:, REACH + dy : REACH + dy + SMALL, REACH + dx : REACH + dx + SMALL]


def _blocks(frames: Pixels) -> Pixels:
    """Frames cut into blocks: [..., SMALL, SMALL] -> [..., blocks, BLOCK * BLOCK]."""
    n = SMALL // BLOCK
    split = frames.reshape(*frames.shape[:-2], n, BLOCK, n, BLOCK)
    return np.moveaxis(split, -3, -2).reshape(*frames.shape[:-2], n * n, BLOCK * BLOCK)
