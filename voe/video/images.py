"""Folders of images, one a frame, read with Pillow."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from voe.errors import VideoError
from voe.video.decoded import Decoded, Picker

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".bmp": "bmp", ".webp": "webp"}
_COLOUR = {"1", "L", "P", "RGB", "CMYK", "YCbCr", "LA", "PA", "RGBA"}

_ORIENTATION = 0x0112
"""The EXIF tag; 5 to 8 are quarter turns."""

_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)
"""What Pillow's readers raise on damaged files."""


def decode_images(folder: Path, wanted: Iterable[int], fps: float | None) -> Decoded:
    """Read the wanted images of a folder, in natural order ('frame2' before 'frame10').

    Every image is opened, and all must be of one kind and one size; only the wanted ones are decoded. Hidden
    files, files of other kinds and folders are left alone. The result is `verified` if the last numbers in
    the names are evenly spaced: then no image is missing between the first and the last.

    Grey and palette images become RGB; the orientation that a camera notes in a JPEG (EXIF) is applied.

    Raises:
        VideoError: no folder or no image in it, two kinds, two sizes, an image that cannot be read, that has
            transparent pixels, more than 8 bits a channel, or more than one frame.
    """
    files = image_files(folder)
    picker, size = Picker(wanted), None
    for number, file in enumerate(files):
        image_size, pixels = _read(file, decode=picker.wants(number))
        if size not in (None, image_size):
            raise VideoError(
                f"reading the image {file}: it has {_by(image_size)} pixels, but those before it have "
                f"{_by(size)}; all images of a folder must be of one size (is there a stray one?)"
            )
        size = image_size
        if pixels is not None:
            picker.add(number, pixels)
    return picker.result(size or (0, 0), len(files), fps, _evenly_numbered(files))


def image_files(folder: Path) -> list[Path]:
    """The images of a folder in natural order.

    Raises:
        VideoError: no such folder, no image in it, or images of two kinds.
    """
    if not folder.is_dir():
        what = "it is a file, not a folder" if folder.exists() else "there is no such folder"
        raise VideoError(f"reading the image folder {folder}: {what}; give the folder that holds the images")
    known = ", ".join(_KINDS)
    try:
        files = [f for f in folder.iterdir() if f.suffix.lower() in _KINDS and not f.name.startswith(".")]
    except OSError as error:
        raise VideoError(f"reading the image folder {folder}: {error.strerror}") from error
    files = [file for file in files if file.is_file()]
    if not files:
        raise VideoError(f"reading the image folder {folder}: it holds no image ({known})")
    kinds = sorted({_KINDS[file.suffix.lower()] for file in files})
    if len(kinds) > 1:
        raise VideoError(
            f"reading the image folder {folder}: it holds {' and '.join(kinds)} images, and which are the "
            "frames cannot be told; keep one kind"
        )
    return sorted(files, key=lambda file: natural_order(file.name))


def natural_order(name: str) -> tuple[list[str | int], str]:
    """A sort key by which runs of digits count as numbers.

    >>> sorted(["frame10.png", "frame2.png", "frame1.png"], key=natural_order)
    ['frame1.png', 'frame2.png', 'frame10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def _evenly_numbered(files: list[Path]) -> bool:
    """Whether the last numbers in the names of the files rise by the same step."""
    numbers = [int(found[-1]) for file in files if (found := re.findall(r"[0-9]+", file.stem))]
    return len(numbers) == len(files) and len(set(np.diff(numbers).tolist())) <= 1


def _read(file: Path, *, decode: bool) -> tuple[tuple[int, int], npt.NDArray[np.uint8] | None]:
    """Size (height, width) of an image and, if asked for, its pixels: uint8 [H, W, 3]."""
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as image:
            _check_kind(file, image)
            jpeg = image.format in {"JPEG", "MPO"}  # Asking any other format for EXIF would decode it.
            if not decode:
                turned = jpeg and image.getexif().get(_ORIENTATION) in {5, 6, 7, 8}
                return (image.width, image.height) if turned else (image.height, image.width), None
            pixels = _opaque_rgb(file, ImageOps.exif_transpose(image) if jpeg else image)
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        raise VideoError(
            f"reading the image {file}: Pillow cannot read it ({error}). It is damaged, cut off or no image; "
            "copy or download it again"
        ) from error
    return pixels.shape[:2], pixels


def _check_kind(file: Path, image: ImageFile) -> None:
    """Refuse what cannot become one frame of 8-bit RGB without a choice that is not ours."""
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise VideoError(f"reading the image {file}: it is an animation; a folder holds one image a frame")
    if image.mode not in _COLOUR or ";16" in str(image.tile):
        raise VideoError(
            f"reading the image {file}: its pixels ({image.mode}) have more than 8 bits a channel; how they "
            "are to be scaled is not stated, so convert the images to 8 bits first"
        )


def _opaque_rgb(file: Path, image: Image) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3] of an image without transparent pixels."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image)[..., 3].min() < 255:
            raise VideoError(
                f"reading the image {file}: it has transparent pixels, and what is behind them is not "
                "stated; flatten the images onto a background first"
            )
    return np.asarray(image.convert("RGB"))


def _by(size: tuple[int, int] | None) -> str:
    return "none" if size is None else f"{size[1]} x {size[0]}"
