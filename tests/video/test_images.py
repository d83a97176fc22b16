from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from voe.clips import Source
from voe.errors import VideoError
from voe.video import decode, frame_rate
from voe.video.decoded import Decoded


def write(folder: Path, names: list[str], size: tuple[int, int] = (8, 6)) -> None:
    """Images whose grey level is 10 times their place in the list; size (width, height)."""
    folder.mkdir(exist_ok=True)
    for place, name in enumerate(names):
        Image.new("RGB", size, (10 * place,) * 3).save(folder / name)


def png_of_16_bits() -> bytes:
    """One pixel in RGB with 16 bits a channel, which Pillow would silently reduce to 8."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + struct.pack(">HHH", 300, 40000, 7))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def read(folder: Path, fps: float | None = None) -> Decoded:
    return decode(Source(folder, "images", fps), itertools.count())


def test_images_come_in_natural_order_and_nothing_else_comes(tmp_path: Path) -> None:
    write(tmp_path, ["frame2.png", "frame10.png", "frame9.png", ".frame1.png"])
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "masks.png").mkdir()
    decoded = decode(Source(tmp_path, "images", fps=12), [0, 2, 5])
    assert decoded.frames[:, 0, 0, 0].tolist() == [0, 10]  # frame2, frame10; frame9 lies between them
    assert decoded.frames.shape == (2, 6, 8, 3)
    assert decoded.numbers.tolist() == [0, 2]
    assert (decoded.n_frames, decoded.fps) == (3, 12)


def test_the_rate_is_the_one_that_is_given(tmp_path: Path) -> None:
    write(tmp_path, ["1.png"])
    assert frame_rate(Source(tmp_path, "images")) is read(tmp_path).fps is None
    assert frame_rate(Source(tmp_path, "images", 30)) == read(tmp_path, 30).fps == 30


@pytest.mark.parametrize(
    ("names", "verified"),
    [(["a_1.bmp", "a_2.bmp", "a_3.bmp"], True), (["0.bmp", "5.bmp", "10.bmp"], True),
     (["1.bmp", "2.bmp", "4.bmp"], False), (["first.bmp", "second.bmp"], False)],
)  # fmt: skip
def test_a_gap_in_the_numbers_leaves_it_unverified(names: list[str], verified: bool, tmp_path: Path) -> None:
    write(tmp_path, names)
    assert read(tmp_path).verified is verified


def test_pixels_of_every_kind_become_rgb(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    grey = np.repeat(pixels[..., :1], 3, axis=2)
    images = {
        "rgb": (Image.fromarray(pixels), pixels),
        "opaque": (Image.fromarray(np.dstack([pixels, np.full((6, 8), 255, np.uint8)])), pixels),
        "grey": (Image.fromarray(pixels[..., 0]), grey),
        "palette": (Image.fromarray(grey).convert("P", palette=Image.Palette.ADAPTIVE), grey),
        "bits": (Image.fromarray(pixels[..., 0] > 127), np.where(grey > 127, 255, 0)),
    }
    for name, (image, expected) in images.items():
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "1.png")
        np.testing.assert_array_equal(read(tmp_path / name).frames[0], expected, err_msg=name)


def test_the_orientation_of_a_photograph_is_applied(tmp_path: Path) -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    for name in ("1.jpg", "2.jpeg"):
        Image.fromarray(pixels).save(tmp_path / name, exif=exif)
    decoded = decode(Source(tmp_path, "images"), [1])
    assert decoded.frames.shape == (1, 32, 16, 3)
    assert decoded.frames[0, 4, 8, 0] < 20
    assert decoded.frames[0, 28, 8, 0] > 235


def test_images_without_an_honest_rgb_are_refused(tmp_path: Path) -> None:
    clear = np.full((6, 8, 4), 255, np.uint8)
    clear[0, 0, 3] = 254
    deep = Image.fromarray(np.full((6, 8), 40000, np.uint16))
    for name, image, what in (("clear", Image.fromarray(clear), "transparent"), ("deep", deep, "8 bits")):
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "1.png")
        with pytest.raises(VideoError, match=rf"1\.png: .*{what}"):
            read(tmp_path / name)
    (tmp_path / "deep colour").mkdir()
    (tmp_path / "deep colour" / "1.png").write_bytes(png_of_16_bits())
    with pytest.raises(VideoError, match="more than 8 bits a channel"):
        read(tmp_path / "deep colour")
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "blue")]
    (tmp_path / "moving").mkdir()
    frames[0].save(tmp_path / "moving" / "1.png", save_all=True, append_images=frames[1:])
    with pytest.raises(VideoError, match="animation"):
        read(tmp_path / "moving")


def test_every_image_is_looked_at_and_not_only_the_wanted_ones(tmp_path: Path) -> None:
    write(tmp_path, ["1.png", "2.png", "3.png"])
    Image.new("RGB", (8, 7)).save(tmp_path / "3.png")
    with pytest.raises(VideoError, match=r"3\.png: it has 8 x 7 pixels, .* have 8 x 6"):
        decode(Source(tmp_path, "images"), [0])
    (tmp_path / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(VideoError, match=r"3\.png: Pillow cannot read it"):
        decode(Source(tmp_path, "images"), [0])


def test_a_truncated_image_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ["1.jpg"], size=(64, 64))
    data = (tmp_path / "1.jpg").read_bytes()
    (tmp_path / "1.jpg").write_bytes(data[: len(data) - 40])
    with pytest.raises(VideoError, match=r"1\.jpg: Pillow cannot read it .*truncated"):
        read(tmp_path)


def test_folders_that_hold_no_frames_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file.png").touch()
    (tmp_path / "empty").mkdir()
    write(tmp_path / "mixed", ["1.png", "2.jpg"])
    for name, what in (("nowhere", "no such folder"), ("file.png", "it is a file"),
                       ("empty", "holds no image"), ("mixed", "jpeg and png")):  # fmt: skip
        with pytest.raises(VideoError, match=f"{name}: .*{what}"):
            read(tmp_path / name)
