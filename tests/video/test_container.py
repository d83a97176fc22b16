"""Files that are cut off, damaged or no videos: refused, with the name of the file and what to do."""

from __future__ import annotations

import itertools
import re
import socket
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.video.shown import VIDEOS, cut, numbers_shown, source
from voe.clips import Source
from voe.errors import VideoError
from voe.video import decode, frame_rate
from voe.video.container import fraction, is_complete, metadata_as_found, opened, packets, survey


@pytest.mark.parametrize("name", ["whole.mp4", "whole.mkv", "trimmed.mp4", "bframes.avi", "long_sound.mkv"])
def test_a_file_that_is_cut_off_is_refused_wherever_it_is_cut(name: str, tmp_path: Path) -> None:
    size = (VIDEOS / name).stat().st_size
    for n_bytes in (*range(1, size - 1, 173), size - 1):
        file = cut(name, n_bytes, tmp_path)
        with pytest.raises(VideoError, match=re.escape(file.path.name)):
            decode(file, itertools.count())


def test_a_fragmented_file_is_cut_unnoticed_only_between_two_fragments(tmp_path: Path) -> None:
    for fragment_ends in (2154, 3092, 3819, 4649, 5039):
        assert not decode(cut("fragmented.mp4", fragment_ends, tmp_path), ()).verified
        for n_bytes in (fragment_ends - 100, fragment_ends - 1, fragment_ends + 1, fragment_ends + 100):
            with pytest.raises(VideoError, match=r"cut\.mp4"):
                decode(cut("fragmented.mp4", n_bytes, tmp_path), ())


def test_the_error_says_what_was_promised_and_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        VideoError,
        match=r"cut\.mkv: it ends after 1\.80 s \(44 frames\), but its header promises 4\.00 s "
        r"\(about 100 frames\)\. It is cut off: copy or download it again",
    ):
        decode(cut("whole.mkv", 0.6, tmp_path), ())
    with pytest.raises(
        VideoError,
        match=r"cut\.mp4: it ends after 0\.48 s \(11 frames\), but its header promises 4\.00 s \(about 100 f",
    ):
        decode(cut("whole.mp4", 0.6, tmp_path), ())
    with pytest.raises(
        VideoError, match=r"a packet is damaged or incomplete, after \d+ frames \(.* s\) of the 4\.00 s"
    ):
        decode(cut("whole.mp4", 0.75, tmp_path), ())


def test_a_tail_that_is_missing_behind_the_last_time_is_noticed(tmp_path: Path) -> None:
    # ffmpeg shows 98 frames of this file, the one at 3.96 s among them: it is stored before two earlier ones.
    file = cut("whole.mkv", 4090, tmp_path)
    with pytest.raises(
        VideoError, match=r"the file has 4090 of at least 4227 bytes, after 98 frames \(4\.00 s"
    ):
        decode(file, itertools.count())


def test_a_length_counts_from_the_first_frame_where_that_comes_late() -> None:
    with opened(VIDEOS / "late.mp4") as video:
        for _ in packets(video):
            pass
        assert is_complete(video)
        assert (video.timeline().first_s, video.timeline().end_s) == (1.5, 5.5)
        video.packets = [(time, ticks) for time, ticks in video.packets if time is not None and time < 61440]
        with pytest.raises(VideoError, match=r"late\.mp4: it ends after 3\.\d\d s"):
            is_complete(video)


def test_the_length_of_the_whole_file_serves_where_the_video_states_none(tmp_path: Path) -> None:
    # Without the tag of the track, the file promises 5 s, which are those of its sound.
    data = (VIDEOS / "long_sound.mkv").read_bytes()
    assert data.count(b"DURATION") == 2
    untagged = tmp_path / "untagged.mkv"
    untagged.write_bytes(data.replace(b"DURATION", b"CURATION"))
    with opened(untagged) as video:
        assert (round(video.promise.seconds or 0), video.promise.whole_file) == (5, True)
    assert decode(Source(untagged), ()).verified
    untagged.write_bytes(untagged.read_bytes()[:-4000])
    with pytest.raises(VideoError, match=r"untagged\.mkv: it ends after .* header promises 5"):
        decode(Source(untagged), ())


@pytest.mark.parametrize(
    ("name", "places"), [("whole.mp4", range(2800, 4800, 200)), ("whole.mkv", range(1500, 4000, 200))]
)
def test_damage_in_the_middle_is_refused_and_not_concealed(name: str, places: range, tmp_path: Path) -> None:
    for place in places:
        data = bytearray((VIDEOS / name).read_bytes())
        data[place : place + 16] = bytes(16)
        path = tmp_path / f"damaged{place}-{name}"
        path.write_bytes(data)
        with pytest.raises(VideoError, match=path.name):
            decode(Source(path), itertools.count())


@pytest.mark.parametrize(
    ("place", "bit", "what"), [(3017, 5, "Invalid data"), (4394, 1, "a frame is damaged")]
)
def test_one_bit_is_enough(place: int, bit: int, what: str, tmp_path: Path) -> None:
    data = bytearray((VIDEOS / "whole.mp4").read_bytes())
    data[place] ^= 1 << bit
    (tmp_path / "bit.mp4").write_bytes(data)
    with pytest.raises(VideoError, match=rf"bit\.mp4: .*{what}"):
        decode(Source(tmp_path / "bit.mp4"), ())


def test_a_packet_of_a_transport_stream_that_is_lost_is_noticed(tmp_path: Path) -> None:
    data = (VIDEOS / "whole.ts").read_bytes()
    packets = [data[start : start + 188] for start in range(0, len(data), 188)]
    video = [place for place, packet in enumerate(packets) if packet[1:3] in {b"\x01\0", b"\x41\0"}]
    assert len(video) > 100  # packets of stream 256, one or more a frame
    for lost in video[20:100:20]:
        path = tmp_path / f"lost-{lost}.ts"
        path.write_bytes(b"".join(packets[:lost] + packets[lost + 1 :]))
        with pytest.raises(VideoError, match=f"{path.name}: a packet is damaged or incomplete"):
            decode(Source(path), ())


def test_a_packet_that_gives_no_picture_is_noticed(tmp_path: Path) -> None:
    data = bytearray((VIDEOS / "whole.mp4").read_bytes())
    with opened(VIDEOS / "whole.mp4") as video:
        starts = [packet.pos + 4 for packet in packets(video) if packet.pos]
    unused = [start for start in starts if data[start] >> 5 == 0]  # by other frames: nal_ref_idc is 0
    data[unused[20]] = 10  # it now says "end of sequence", which H.264 decoders take without a word
    (tmp_path / "hole.mp4").write_bytes(data)
    with pytest.raises(VideoError, match=r"hole\.mp4: 1 of 100 packets gave no picture, after 99 frames"):
        decode(Source(tmp_path / "hole.mp4"), ())


def test_frames_that_change_size_are_refused() -> None:
    with pytest.raises(VideoError, match=r"sizes\.h264: frame 100 has 32 x 32 pixels, .* before it 64 x 64"):
        decode(source("sizes.h264"), ())


def test_hidden_packets_are_not_counted() -> None:
    assert survey(VIDEOS / "trimmed.mp4").n_frames == 67


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("missing.mp4", "there is no such file"),
        ("sound.m4a", "no video stream"),
        ("two_streams.mp4", "2 video streams.*-map 0:v:0"),
    ],
)
def test_what_is_no_single_video_is_refused(name: str, what: str) -> None:
    for call in (frame_rate, lambda file: decode(file, ())):
        with pytest.raises(VideoError, match=f"{name}: .*{what}"):
            call(source(name))


def test_other_files_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    contents = {
        "empty.mp4": (b"", "empty"),
        "noise.mp4": (bytes(range(256)) * 20, "cannot read"),
        "notes.txt": (b"The ball rolls behind the screen.\n" * 40, "it is text"),
        "one.png": ((tmp_path / "one.png").read_bytes(), "a single image"),
    }
    for name, (data, what) in contents.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(VideoError, match=f"{name}: .*{what}"):
            decode(Source(tmp_path / name), ())
    with pytest.raises(VideoError, match="it is a folder"):
        decode(Source(tmp_path), ())


@pytest.mark.parametrize("name", ["a:b.mp4", "100%d.mp4", "-i.mp4", "blå bäll.mp4"])
def test_a_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes((VIDEOS / "whole.mp4").read_bytes())
    assert numbers_shown(decode(Source(Path(name)), [7]).frames) == [7]


def test_letters_of_another_encoding_in_a_header_do_no_harm(tmp_path: Path) -> None:
    data = (VIDEOS / "whole.mkv").read_bytes()
    assert b"VideoHandler" in data
    (tmp_path / "latin.mkv").write_bytes(data.replace(b"VideoHandler", b"VideoHandl\xe9r"))
    assert decode(Source(tmp_path / "latin.mkv"), ()).n_frames == 100


def test_no_playlist_reaches_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        playlist = (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ntcp://127.0.0.1:{server.getsockname()[1]}/a.ts\n"
        )
        (tmp_path / "list.m3u8").write_text(playlist + "#EXT-X-ENDLIST\n")
        with pytest.raises(VideoError, match=r"list\.m3u8"):
            decode(Source(tmp_path / "list.m3u8"), ())
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_unknown_decoder_is_named() -> None:
    with pytest.raises(VideoError, match=r"'pyaw'.*Did you mean 'pyav'"):
        decode(source("whole.mp4"), (), "pyaw")  # type: ignore[arg-type]


def test_rates_of_either_pyav_are_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV 19 gives fractions of its own, 0 / 1 where nothing is set, and lacks the option of older ones."""

    @dataclass(frozen=True)
    class Own:
        numerator: int
        denominator: int

        def __bool__(self) -> bool:
            return self.numerator != 0

    assert fraction(Own(30000, 1001)) == Fraction(30000, 1001)
    assert fraction(Own(0, 1)) is None
    for version, options in (("18.1.0", {"metadata_errors": "replace"}), ("19.0.2", {})):
        monkeypatch.setattr("av.__version__", version)
        assert metadata_as_found() == options
