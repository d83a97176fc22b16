"""Nothing gets out of the folder, and nothing is half unpacked."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from voe.errors import CardError
from voe.loaders.archives import unpack


def as_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


def as_tar(
    path: Path, members: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None
) -> Path:
    with tarfile.open(path, "w:gz") as tape:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if change is not None:
                change(info)
            tape.addfile(info, io.BytesIO(data))
    return path


GOOD = {"set/a.txt": b"one", "set/deep/b.txt": b"two"}


@pytest.mark.parametrize(("make", "name"), [(as_zip, "x.zip"), (as_tar, "x.tar.gz")])
def test_files_come_out_as_they_went_in(make, name: str, tmp_path: Path) -> None:
    assert unpack(make(tmp_path / name, GOOD), tmp_path / "out") == 2
    found = {str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*.txt")}
    assert found == GOOD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", name]
    with pytest.raises(CardError, match="is there already"):
        unpack(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:/evil.txt"]
)
@pytest.mark.parametrize(("make", "archive"), [(as_zip, "x.zip"), (as_tar, "x.tar.gz")])
def test_a_path_out_of_the_folder_is_refused(make, archive: str, name: str, tmp_path: Path) -> None:
    where = tmp_path / "deep" / "deeper"
    where.mkdir(parents=True)
    with pytest.raises(CardError, match="outside the folder; nothing was written"):
        unpack(make(where / archive, {"fine.txt": b"x", name: b"evil"}), where / "out")
    assert [path.name for path in where.iterdir()] == [archive]
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    def change(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "/etc/passwd", 0

    with pytest.raises(CardError, match="nothing was written"):
        unpack(as_tar(tmp_path / "x.tar.gz", {"a": b""}, change), tmp_path / "out")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    with pytest.raises(CardError, match="is a link"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_more_than_the_limit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bomb = as_zip(tmp_path / "x.zip", {"a": b"0" * 3_000_000})
    assert bomb.stat().st_size < 10_000
    with pytest.raises(CardError, match=r"more than 0\.002 GB"):
        unpack(bomb, tmp_path / "out", limit_gb=0.002)
    assert not (tmp_path / "out").exists()


def test_a_name_that_comes_twice_a_torn_archive_and_another_kind_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed, pytest.warns(UserWarning, match="Duplicate"):
        packed.writestr("a", "1")
        packed.writestr("a", "2")
    with pytest.raises(CardError, match="comes twice"):
        unpack(tmp_path / "two.zip", tmp_path / "out")
    whole = as_tar(tmp_path / "x.tar.gz", {"a": bytes(range(256)) * 400}).read_bytes()
    (tmp_path / "torn.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CardError, match="download it again"):
        unpack(tmp_path / "torn.tar.gz", tmp_path / "out")
    (tmp_path / "x.rar").write_bytes(b"x")
    with pytest.raises(CardError, match="must end in one of"):
        unpack(tmp_path / "x.rar", tmp_path / "out")
    assert not (tmp_path / "out").exists()
