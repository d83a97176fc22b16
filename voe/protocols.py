"""How clips become windows: one frozen record, stated beforehand and locked in the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal, get_args

from voe.errors import ProtocolError, did_you_mean

Resize = Literal["centre-crop", "squash"]


@dataclass(frozen=True)
class Protocol:
    """Sampling, windows and resizing of one run.

    Exactly one of `frame_step` (use every n-th frame of the clip) and `fps` (resample to that rate) is
    given. `window`, `stride` and `contexts` count *sampled* frames. `primary_context` is the one context
    length whose result is the headline, fixed before anything is scored; by default the middle of
    `contexts`, the lower one of two middles. With `whole_steps` a sample needs the whole step after it: of N
    frames floor(N / step) are sampled and not ceil(N / step), as the reference does for IntPhys.

    Raises:
        ProtocolError: a value that no window could satisfy.
    """

    frame_step: int | None = 1
    fps: float | None = None
    window: int = 16
    stride: int = 2
    contexts: tuple[int, ...] = (4, 8, 12)
    primary_context: int | None = None
    resize: Resize = "centre-crop"
    whole_steps: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "contexts", tuple(self.contexts))
        if (self.frame_step is None) == (self.fps is None):
            raise ProtocolError("protocol: give either frame_step or fps, not both and not neither")
        if self.frame_step is not None and self.frame_step < 1:
            raise ProtocolError(f"protocol: frame_step is {self.frame_step}; it must be 1 or more")
        if self.fps is not None and not self.fps > 0:
            raise ProtocolError(f"protocol: fps is {self.fps}; it must be above 0")
        if self.whole_steps and self.frame_step is None:
            raise ProtocolError("protocol: whole_steps counts in frames; give frame_step, not fps")
        if self.stride < 1 or self.window < 2:
            raise ProtocolError(
                f"protocol: window {self.window} (2 or more), stride {self.stride} (1 or more)"
            )
        if not self.contexts or list(self.contexts) != sorted(set(self.contexts)):
            raise ProtocolError(f"protocol: contexts {self.contexts} must be distinct and ascending")
        if self.contexts[0] < 1 or self.contexts[-1] >= self.window:
            raise ProtocolError(
                f"protocol: contexts {self.contexts} must lie in 1..{self.window - 1}, inside the window of "
                f"{self.window} frames, so that something is left to predict; set contexts (--contexts) too"
            )
        if self.resize not in get_args(Resize):
            raise ProtocolError(
                f"protocol: resize {self.resize!r} must be one of {', '.join(get_args(Resize))}"
            )
        if self.primary_context is None:
            object.__setattr__(self, "primary_context", self.contexts[(len(self.contexts) - 1) // 2])
        if self.primary_context not in self.contexts:
            raise ProtocolError(
                f"protocol: primary_context {self.primary_context} is not one of the contexts {self.contexts}"
            )

    @property
    def headline_context(self) -> int:
        """`primary_context`, which is always one of `contexts` once a protocol is made."""
        assert self.primary_context is not None
        return self.primary_context

    def updated(self, changes: Mapping[str, object], origin: str) -> Protocol:
        """This protocol with the given fields replaced; `origin` names who asked, for the error message.

        Naming `fps` clears `frame_step` and the reverse; new contexts without a new primary context take
        the default one.
        """
        known = [f.name for f in fields(self)]
        merged = dict(changes)
        for name in merged:
            if name not in known:
                raise ProtocolError(
                    f"{origin}: unknown protocol field {name!r}.{did_you_mean(name, known)} "
                    f"Fields: {', '.join(known)}"
                )
        if "fps" in merged and "frame_step" not in merged:
            merged["frame_step"] = None
        if "frame_step" in merged and "fps" not in merged:
            merged["fps"] = None
        if "contexts" in merged and "primary_context" not in merged:
            merged["primary_context"] = None
        try:
            return replace(self, **merged)  # type: ignore[arg-type]
        except (TypeError, ProtocolError) as error:
            raise ProtocolError(f"{origin}: {error}") from error

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        plain = {**asdict(self), "contexts": list(self.contexts)}
        if not self.whole_steps:
            del plain["whole_steps"]
        return plain
