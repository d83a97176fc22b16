"""How things move: a stage and the paths of what is moved -> the pose of every part in every frame.

MuJoCo integrates 50 steps a frame; a frame shows the state at its own time, frame 0 the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voe.worlds.stage import Part, Poses, Stage, Vector

if TYPE_CHECKING:
    import mujoco

GRAVITY: Final = 9.81
"""m/s^2, downwards."""

STEPS_PER_FRAME: Final = 50
_STILL_M: Final = 5e-4
_SPRINGY: Final = (0.1, 0.01)
"""Time constant (s) and damping ratio of a nearly elastic contact."""


@dataclass(frozen=True)
class Nudge:
    """A small push: at frame `frame` the part's velocity changes by `velocity` (m/s)."""

    part: str
    frame: int
    velocity: Vector


def simulate(
    stage: Stage,
    paths: Mapping[str, Poses],
    n_frames: int,
    fps: float,
    *,
    elastic: Sequence[tuple[str, str]] = (),
    nudges: Sequence[Nudge] = (),
) -> Poses:
    """Run the physics of a stage.

    Args:
        paths: for 'moved' parts, their pose in every frame: float64 [n_frames, 7]; without a path they rest.
        elastic: pairs of parts that collide without friction and nearly without loss.
        nudges: for what chance decides in the world, such as to which side a ball on an edge falls.

    Returns:
        float64 [n_frames, P, 7], parts in the order of the stage. A body at rest (it stays within half a
        millimetre from the first frame on, or until the last) is still to the last bit.
    """
    import mujoco

    model = _model(stage, fps, elastic)
    data = mujoco.MjData(model)
    poses = np.repeat(stage.rest[None], n_frames, axis=0)
    for name, path in paths.items():
        poses[:, stage.index(name)] = path
    free = [i for i, part in enumerate(stage.parts) if part.motion == "free"]
    moved = [i for i, part in enumerate(stage.parts) if part.motion == "moved" and part.solid]
    for frame in range(n_frames):
        for i in free:
            if frame > 0:
                poses[frame, i] = data.joint(stage.parts[i].name).qpos
            if frame <= stage.parts[i].release_frame:
                _put(data, stage.parts[i])
        for nudge in nudges:
            if nudge.frame == frame:
                data.joint(nudge.part).qvel[:3] += nudge.velocity
        if frame + 1 < n_frames:
            held = [stage.parts[i] for i in free if frame < stage.parts[i].release_frame]
            ends = {stage.parts[i].name: poses[frame : frame + 2, i] for i in moved}
            _advance(model, data, ends, held)
    for i in free:
        _hold_at_rest(poses[:, i])
    return poses


def _advance(
    model: mujoco.MjModel, data: mujoco.MjData, ends: Mapping[str, Poses], held: Sequence[Part]
) -> None:
    """One frame's worth of steps, moved parts going evenly from one frame's pose to the next."""
    import mujoco

    for step in range(1, STEPS_PER_FRAME + 1):
        share = step / STEPS_PER_FRAME
        for name, (start, stop) in ends.items():
            pose = (1 - share) * start + share * stop
            mocap = model.body(name).mocapid[0]
            data.mocap_pos[mocap], data.mocap_quat[mocap] = pose[:3], pose[3:]
        mujoco.mj_step(model, data)
        for part in held:
            _put(data, part)


def _put(data: mujoco.MjData, part: Part) -> None:
    """Put a free part where its stage has it, with its starting velocity."""
    joint = data.joint(part.name)
    joint.qpos[:] = part.pose
    joint.qvel[:] = (*part.velocity, *part.spin)


def _model(stage: Stage, fps: float, elastic: Sequence[tuple[str, str]]) -> mujoco.MjModel:
    """The physics of a stage: stiff contacts, elliptic friction cones, no air."""
    import mujoco

    spec = mujoco.MjSpec()
    spec.option.timestep = 1 / (fps * STEPS_PER_FRAME)
    spec.option.gravity = [0.0, 0.0, -GRAVITY]
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.impratio = 20.0
    for part in stage.parts:
        if part.solid:
            add_part(spec, part, fixed=part.motion == "fixed", free=part.motion == "free")
    for first, second in elastic:
        spec.add_pair(geomname1=first, geomname2=second, condim=1, solref=list(_SPRINGY))
    return spec.compile()


def add_part(spec: mujoco.MjSpec, part: Part, *, fixed: bool, free: bool = False) -> None:
    """Add a part to a MuJoCo description: to the world, or as a body of its own (free, else moved by hand).

    The geometry bears the part's name; group 0 if fixed, else 1.
    """
    import mujoco

    kind = getattr(mujoco.mjtGeom, f"mjGEOM_{part.shape.upper()}")
    size = [*part.size, 0.0, 0.0][:3]
    pose = {"pos": list(part.position), "quat": list(part.orientation)}
    body = spec.worldbody if fixed else spec.worldbody.add_body(name=part.name, mocap=not free, **pose)
    if free:
        body.add_freejoint(name=part.name)
    body.add_geom(
        name=part.name,
        type=kind,
        size=size,
        group=0 if fixed else 1,
        mass=part.mass_kg,
        condim=6,
        friction=[part.friction, 0.0, part.rolling],
        solref=[0.004, 1.0],
        **(pose if fixed else {}),
    )


def _hold_at_rest(track: Poses) -> None:
    """Remove the creep of a body before it moves and after it has stopped, in place: float64 [T, 7]."""
    started = np.abs(track - track[0]).max(axis=1) > _STILL_M
    track[: int(np.argmax(started)) if started.any() else len(track)] = track[0]
    apart = np.abs(track - track[-1]).max(axis=1) > _STILL_M
    first = int(np.flatnonzero(apart)[-1]) + 1 if apart.any() else 0
    track[first:] = track[first]
