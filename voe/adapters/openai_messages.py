"""A question as an OpenAI-compatible chat request, and what a reply says of the choices."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from voe.adapters.judge import Question, ShownClip
from voe.adapters.messages import log_sum, message_parts

PartKind = Literal["images", "video"]
TOP_LOGPROBS = 20


def content_of(question: Question, parts: PartKind) -> list[dict[str, Any]]:
    """The parts of the user's message: texts, and each clip as several PNG images or one MP4 video."""
    content: list[dict[str, Any]] = []
    for part in message_parts(question):
        if isinstance(part, str):
            content.append({"type": "text", "text": part})
        elif parts == "images":
            content += [
                {"type": "image_url", "image_url": {"url": _address("image/png", data)}}
                for data in pngs(part)
            ]
        else:
            content.append({"type": "video_url", "video_url": {"url": _address("video/mp4", mp4(part))}})
    return content


def request_digest(question: Question, settings: Mapping[str, object]) -> str:
    """SHA-256 of everything that decides an answer: frames, prompt, choices, repeat, and how it is asked."""
    digest = hashlib.sha256()
    asked = [question.kind, question.prompt, list(question.choices), question.seed, dict(settings)]
    digest.update(json.dumps(asked, sort_keys=True).encode())
    for clip in question.clips:
        digest.update(f"|{clip.frames.shape}|{clip.fps:.6f}|".encode())
        digest.update(np.ascontiguousarray(clip.frames).tobytes())
    return digest.hexdigest()


def choice_logs(choices: Sequence[str], top: object) -> dict[str, float] | None:
    """Log probability of each choice from the top log probabilities of the first token; None if they do not
    tell.

    A token counts for the choice that it begins, in any case and with or without a space, if it begins no
    other. A choice that is not among the listed tokens is at most as probable as the last of them, and gets
    that value.

    >>> listed = (("Yes", -0.1), (" no", -3.0), ("yes", -4.0))
    >>> top = [{"token": token, "logprob": log} for token, log in listed]
    >>> {k: round(v, 3) for k, v in choice_logs(["yes", "no"], top).items()}
    {'yes': -0.08, 'no': -3.0}
    >>> choice_logs(["yes", "no"], [{"token": "The", "logprob": -0.1}]) is None
    True
    """
    listed = [pair for one in (top if isinstance(top, list) else []) if (pair := _token(one)) is not None]
    found: dict[str, list[float]] = {choice: [] for choice in choices}
    for token, log in listed:
        begun = [c for c in choices if token and c.casefold().startswith(token)]
        if len(begun) == 1:
            found[begun[0]].append(log)
    if not any(found.values()):
        return None
    least = min(log for _, log in listed)
    return {choice: log_sum(logs) if logs else least for choice, logs in found.items()}


def _token(one: object) -> tuple[str, float] | None:
    """A listed token and its log probability, whatever shape a server gives it."""
    token = one.get("token") if isinstance(one, dict) else getattr(one, "token", None)
    log = one.get("logprob") if isinstance(one, dict) else getattr(one, "logprob", None)
    if not isinstance(token, str) or not isinstance(log, (int, float)) or isinstance(log, bool):
        return None
    if not math.isfinite(log) or log > 1e-6:
        return None
    return token.strip().casefold(), min(float(log), 0.0)


def first_top_logprobs(choice: object) -> object:
    """`choices[0].logprobs.content[0].top_logprobs`, or None where any step of it is missing."""
    found: object = choice
    for step in ("logprobs", "content", 0, "top_logprobs"):
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if isinstance(found, dict) else getattr(found, step, None)
    return found


def pngs(clip: ShownClip) -> list[bytes]:
    """Every frame as PNG: nothing is lost on the way."""
    from PIL import Image

    pictures = []
    for frame in clip.frames:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "PNG", compress_level=6)
        pictures.append(buffer.getvalue())
    return pictures


def mp4(clip: ShownClip) -> bytes:
    """The clip as H.264 at its own rate, near lossless; sides are made even by leaving out a pixel."""
    import av

    frames = clip.frames[:, : clip.frames.shape[1] // 2 * 2, : clip.frames.shape[2] // 2 * 2]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=max(round(clip.fps), 1))
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        stream.options = {"crf": "12"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
