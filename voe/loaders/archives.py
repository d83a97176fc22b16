"""Unpacking a download without trusting it: no path out of the folder, no links, no devices, a size limit."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from voe.errors import CardError

DEFAULT_LIMIT_GB = 200.0
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    kind: str
    """'file', 'folder', or what it is instead."""


class _Reader(Protocol):
    def __call__(self, name: str, /) -> IO[bytes]: ...


def unpack(archive: Path, folder: Path, *, limit_gb: float = DEFAULT_LIMIT_GB) -> int:
    """Unpack a zip or tar archive into a folder that is not there yet, or is empty.

    Everything is looked at before anything is written, and written beside the folder until it is complete.

    Args:
        limit_gb: refuse archives that hold more than this, unpacked.

    Returns:
        How many files were written.

    Raises:
        CardError: no such archive, one of another kind or a damaged one; a member that would land outside the
            folder, is a link or a device, or comes twice; more than the limit; a folder that is in the way.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CardError(f"unpacking {archive}: {folder} is there already; choose another folder")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with _opened(archive) as (members, read):
            _check(archive, members, limit_gb)
            partial.mkdir(parents=True)
            files = [member for member in members if member.kind == "file"]
            for member in files:
                target = partial.joinpath(*PurePosixPath(member.name).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with read(member.name) as source, target.open("xb") as file:
                    _copy(source, file, member, archive)
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise CardError(f"unpacking {archive}: {error}; it is damaged, download it again") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(files)


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[list[_Member], _Reader]]:
    """What an archive holds, and a function that opens a member by name."""
    if not archive.is_file():
        raise CardError(f"unpacking {archive}: there is no such file")
    if not archive.name.lower().endswith(ENDINGS):
        raise CardError(f"unpacking {archive}: it must end in one of {', '.join(ENDINGS)}")
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            yield [_of_zip(info) for info in packed.infolist()], packed.open
    else:
        with tarfile.open(archive) as tape:
            yield [_of_tar(info) for info in tape.getmembers()], lambda name: _file_of(tape, name)


def _of_zip(info: zipfile.ZipInfo) -> _Member:
    mode = info.external_attr >> 16
    kind = "folder" if info.is_dir() else "a link" if stat.S_ISLNK(mode) else "file"
    return _Member(info.filename, info.file_size, kind)


def _of_tar(info: tarfile.TarInfo) -> _Member:
    kind = "folder" if info.isdir() else "file" if info.isreg() else "a link, or no plain file"
    return _Member(info.name, info.size, kind)


def _file_of(tape: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tape.extractfile(name)
    assert found is not None  # members that are no files are refused before
    return found


def _check(archive: Path, members: list[_Member], limit_gb: float) -> None:
    total, seen = 0, set()
    for member in members:
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            raise CardError(
                f"unpacking {archive}: {member.name!r} would land outside the folder; nothing was written"
            )
        if member.kind not in ("file", "folder"):
            raise CardError(f"unpacking {archive}: {member.name!r} is {member.kind}; nothing was written")
        if member.kind == "file" and path in seen:
            raise CardError(f"unpacking {archive}: {member.name!r} comes twice; nothing was written")
        if member.kind == "file":
            seen.add(path)
        total += member.size
        if total > limit_gb * 1e9:
            raise CardError(
                f"unpacking {archive}: it holds more than {limit_gb:g} GB; if that is expected, raise "
                f"--limit-gb"
            )


def _copy(source: IO[bytes], file: IO[bytes], member: _Member, archive: Path) -> None:
    """Copy a member, and no more than it said it holds."""
    left = member.size
    while chunk := source.read(min(left + 1, 1 << 20)):
        left -= len(chunk)
        if left < 0:
            raise CardError(f"unpacking {archive}: {member.name!r} is larger than the archive says")
        file.write(chunk)
    if left:
        raise CardError(f"unpacking {archive}: {member.name!r} is cut off; download it again")
