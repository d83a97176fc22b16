"""Video files opened and read packet by packet: what they promise, and what they hold. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voe.errors import VideoError
from voe.video.extent import AVI, MATROSKA, MP4, Extent, file_extent
from voe.video.timeline import Stamp, Timeline, about_frames, check_reaches

if TYPE_CHECKING:
    from av import Packet, VideoStream
    from av.container import InputContainer

_MICROSECOND = Fraction(1, 1_000_000)


class Ratio(Protocol):
    """A fraction of Python's, or one of PyAV's own."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


@dataclass(frozen=True)
class Survey:
    """What a video shows, learnt from its packets: frames, frames a second, whether its end is verified."""

    n_frames: int
    fps: float | None
    verified: bool


@dataclass(frozen=True)
class Promise:
    """The length that a file gives itself, in seconds and in bytes.

    `from_first`: counted from its first frame rather than from time 0. `whole_file`: of the longest of its
    streams (sound, perhaps) rather than of the video alone.
    """

    seconds: float | None = None
    from_first: bool = False
    whole_file: bool = False
    extent: Extent | None = None


@dataclass
class Video:
    """One opened video, and what has been seen of it.

    `packets` and `frames` are the (time, duration) in ticks of the packets read and the frames decoded so
    far, without those that an edit list hides; `decoded` says that it is the frames that count. `end_s` is
    the end of the last packet of any stream.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    promise: Promise
    packets: list[Stamp] = field(default_factory=list)
    frames: list[Stamp] = field(default_factory=list)
    decoded: bool = False
    end_s: float = 0.0

    def timeline(self) -> Timeline:
        """The frames seen so far, by their own times or, where these are out of order, by their packets'.

        AVI gives times in the order of decoding only, so its frames come out of order where it has B-frames.
        """
        tick = fraction(self.stream.time_base) or _MICROSECOND
        frames = Timeline.of(self.frames, tick)
        if self.decoded and (frames.times is not None or len(self.frames) != len(self.packets)):
            return frames
        return Timeline.of(sorted(self.packets, key=lambda stamp: -1 if stamp[0] is None else stamp[0]), tick)

    def broken(self, why: str) -> VideoError:
        """The error to raise where the file cannot be read on, saying how far it was read."""
        timeline, promise = self.timeline(), ""
        if self.promise.seconds is not None:
            about = about_frames(self.promise.seconds, timeline.interval_s)
            promise = f" of the {self.promise.seconds:.2f} s{about} that its header promises"
        return VideoError(
            f"reading the video {self.path}: {why}, after {timeline.n_frames} frames ({timeline.end_s:.2f} s)"
            f"{promise}. The file is damaged or cut off: copy or download it again. If it cannot be had "
            "whole, leave the clip out: frames that a decoder has to guess are not scored"
        )


def survey(path: Path) -> Survey:
    """Count and time the frames that a video shows, from its packets alone.

    Packets that an edit list hides (flagged discard) are not counted.

    Raises:
        VideoError: the file is missing, no video, or cut off.
    """
    import av

    with opened(path) as video:
        try:
            for _ in packets(video):
                pass
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise video.broken(f"FFmpeg cannot read it ({reason(error)})") from error
        complete = is_complete(video)
        return Survey(len(video.packets), rate(video), complete)


@contextmanager
def opened(path: Path) -> Iterator[Video]:
    """Open a video file and its one video stream; it is closed when the block ends.

    Raises:
        VideoError: no such file, an empty one, or one that is no video.
    """
    import av

    _require_file(path)
    try:
        # `file:` and the whitelist: a name such as "a:b.mp4" is no protocol, and no playlist opens a network.
        container = av.open(
            f"file:{path}", "r", container_options={"protocol_whitelist": "file"}, **metadata_as_found()
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(
            f"opening the video {path}: FFmpeg cannot read it ({reason(error)}). "
            "It is no video, or it is cut off before its index: open it in a player, or download it again"
        ) from error
    with container:
        stream = _only_stream(path, container)
        yield Video(path, container, stream, _promise(path, container, stream))


def metadata_as_found() -> dict[str, Any]:
    """What keeps titles in another encoding from being an error; PyAV 19 does so by itself, without it."""
    import av

    return {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}


def packets(video: Video) -> Iterator[Packet[Any]]:
    """The packets of the video stream in file order, then the one that flushes a decoder.

    Raises:
        VideoError: a packet that its container flags as damaged or incomplete.
    """
    streams = () if video.promise.whole_file else (video.stream,)
    only_dts = video.container.format.name == AVI  # It stores no presentation times; FFmpeg makes some up.
    for packet in video.container.demux(*streams):
        time = packet.dts if only_dts or packet.pts is None else packet.pts
        duration = packet.duration or 0
        if time is not None and (tick := fraction(packet.time_base)) is not None:
            video.end_s = max(video.end_s, float((time + duration) * tick))
        if packet.stream_index != video.stream.index:
            continue
        if packet.is_corrupt:
            raise video.broken("a packet is damaged or incomplete")
        if packet.size and not packet.is_discard:
            video.packets.append((time, duration))
        yield packet


def rate(video: Video) -> float | None:
    """Frames a second, or None where the frames that were seen are not evenly spaced in time."""
    stream = video.stream
    return video.timeline().rate((fraction(stream.guessed_rate), fraction(stream.average_rate)))


def is_complete(video: Video) -> bool:
    """After all frames were seen: True where they reach the promised end, False where nothing promises one.

    Raises:
        VideoError: the video ends a whole frame or more too early, or the file has too few bytes or no frame.
    """
    timeline, promise = video.timeline(), video.promise
    if timeline.n_frames == 0:
        raise video.broken("it shows no frame")
    verified = promise.seconds is not None and timeline.times is not None
    if promise.seconds is not None and verified:
        reached_s = video.end_s if promise.whole_file else timeline.end_s
        check_reaches(
            video.path, timeline, reached_s - timeline.first_s * promise.from_first, promise.seconds
        )
    extent = promise.extent
    if extent is not None and extent.present < extent.stated:
        raise video.broken(f"the file has {extent.present} of at least {extent.stated} bytes")
    return verified


def reason(error: Exception) -> str:
    """What FFmpeg or the system says, in one line."""
    return str(getattr(error, "strerror", None) or error)


def _require_file(path: Path) -> None:
    """Refuse what is no file with something in it, before FFmpeg gives it a stranger name."""
    if path.is_dir():
        raise VideoError(
            f"opening the video {path}: it is a folder. A folder of images is given as such, with its `fps`"
        )
    if not path.is_file():
        raise VideoError(f"opening the video {path}: there is no such file; check the path and the root")
    if path.stat().st_size == 0:
        raise VideoError(f"opening the video {path}: the file is empty (0 bytes); copy or download it again")


def _only_stream(path: Path, container: InputContainer) -> VideoStream:
    """The video stream of a file; cover pictures do not count."""
    from av.stream import Disposition

    kind = container.format.name
    if kind in {"tty", "image2"} or kind.endswith("_pipe"):
        what = "text" if kind == "tty" else "a single image (frames as images go into a folder of their own)"
        raise VideoError(f"opening the video {path}: it is {what}, not a video; give the video file itself")
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & still]
    if not streams:
        raise VideoError(f"opening the video {path}: it holds no video stream; give a file that has pictures")
    if len(streams) > 1:
        raise VideoError(
            f"opening the video {path}: it holds {len(streams)} video streams; keep the one you mean: "
            "ffmpeg -i OLD -map 0:v:0 -c copy NEW.mp4"
        )
    if streams[0].codec_context is None:
        raise VideoError(
            f"opening the video {path}: FFmpeg has no decoder for its codec; re-encode it, as H.264 perhaps"
        )
    return streams[0]


def _promise(path: Path, container: InputContainer, stream: VideoStream) -> Promise:
    """The length a file gives itself, where its format is one that states it rather than guesses it.

    FFmpeg estimates the length of other formats (MPEG-TS, raw streams, Ogg, ...) from what is there.
    """
    kind, ticks = container.format.name, stream.duration
    if kind not in {MP4, MATROSKA, AVI}:
        return Promise()
    extent = file_extent(path, kind)
    if kind == MATROSKA:
        tags = [text for name, text in stream.metadata.items() if name.upper().startswith("DURATION")]
        tagged_s = _clock_seconds(tags[0]) if tags else None
        if tagged_s is None and container.duration:
            return Promise(float(container.duration * _MICROSECOND), whole_file=True, extent=extent)
        return Promise(tagged_s, extent=extent)
    tick = fraction(stream.time_base)
    if extent.fragmented or not ticks or tick is None:
        return Promise(extent=extent)
    return Promise(float(ticks * tick), from_first=True, extent=extent)


def fraction(value: Ratio | None) -> Fraction | None:
    """A rate or a time base as PyAV gives it; None where it is unset, which PyAV 19 says by 0 / 1.

    >>> fraction(Fraction(30000, 1001)), fraction(Fraction(0, 1)), fraction(None)
    (Fraction(30000, 1001), None, None)
    """
    return Fraction(value.numerator, value.denominator) if value else None


def _clock_seconds(text: str) -> float | None:
    """Seconds of a Matroska DURATION tag, "00:00:04.000000000"; None where it is written otherwise.

    >>> _clock_seconds("00:01:04.500000000")
    64.5
    """
    parts = text.replace("\0", "").strip().split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds
