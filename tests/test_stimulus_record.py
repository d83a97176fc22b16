from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import write_images
from voe.loaders.manifest import load_manifest
from voe.stimulus_record import _content, as_record, fingerprint, from_record

Manifest = Callable[..., Path]


def rows(tmp_path: Path) -> list[dict[str, object]]:
    for name in "pq":
        if not (tmp_path / name).exists():
            write_images(tmp_path / name, [1, 2, 3])
    return [
        {"clip": "p", "path": "p", "scene": "s", "possible": "true", "concepts": "x;y", "fps": "10"},
        {"clip": "q", "path": "q", "scene": "s", "possible": "false", "concepts": "x;y", "fps": "10"},
    ]


def test_a_set_survives_json(tmp_path: Path, manifest: Manifest) -> None:
    stimuli = load_manifest(manifest(rows(tmp_path)))
    back = from_record(json.loads(json.dumps(as_record(stimuli))))
    assert (back.clips, back.pairs, back.quadruplets) == (stimuli.clips, stimuli.pairs, stimuli.quadruplets)


def test_the_fingerprint_sees_labels_and_files_but_not_where_they_lie(
    tmp_path: Path, manifest: Manifest
) -> None:
    table = rows(tmp_path)
    before = fingerprint(load_manifest(manifest(table)))
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("p", "q", "mine.csv"):
        (tmp_path / name).rename(moved / name)
    assert fingerprint(load_manifest(moved / "mine.csv")) == before
    (moved / "p/0.png").write_bytes((moved / "p/0.png").read_bytes() + b"x")
    assert fingerprint(load_manifest(moved / "mine.csv")) != before


def test_the_fingerprint_sees_contents_of_equal_size(tmp_path: Path, manifest: Manifest) -> None:
    table = rows(tmp_path)
    before = fingerprint(load_manifest(manifest(table)))
    p, q = (tmp_path / name / "0.png" for name in "pq")
    content = p.read_bytes()
    p.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fingerprint(load_manifest(manifest(table))) != before
    p.write_bytes(content)
    assert fingerprint(load_manifest(manifest(table))) == before
    large = bytes(range(256)) * 4096  # 1 MiB, as a clip may have: an edit anywhere in it counts
    q.write_bytes(large)
    whole = fingerprint(load_manifest(manifest(table)))
    for place in (0, len(large) // 3, len(large) // 2, len(large) - 1):
        q.write_bytes(large[:place] + b"x" + large[place + 1 :])
        assert fingerprint(load_manifest(manifest(table))) != whole


def test_a_very_large_file_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voe.stimulus_record._WHOLE", 512 * 1024)
    place, large = tmp_path / "large.bin", bytes(range(256)) * 4096
    place.write_bytes(large)
    sampled = _content(place)
    for at, seen in ((0, True), (len(large) // 3, False), (len(large) // 2, True), (len(large) - 1, True)):
        place.write_bytes(large[:at] + b"x" + large[at + 1 :])
        assert (_content(place) != sampled) is seen
