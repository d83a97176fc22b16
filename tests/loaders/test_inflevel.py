"""InfLevel: priming, alignment of each pair, its tables, its cameras."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loaders import layouts
from tests.loaders.benchmarks import DUCK, scored
from voe.audit.run import audit
from voe.controls import donors
from voe.errors import CardError
from voe.loaders.checking import check_stimuli
from voe.loaders.load import load_stimuli
from voe.protocols import Protocol
from voe.scenes import read_scene


@pytest.mark.parametrize("block", ["continuity", "solidity"])
@pytest.mark.parametrize("priming", [False, True])
@pytest.mark.parametrize(("first", "second"), [(520, 520), (523, 520), (520, 524)])
def test_inflevel_loses_the_first_frames_of_the_longer_clip(
    tmp_path: Path, block: str, priming: bool, first: int, second: int
) -> None:
    """tests/golden/preprocess_sampling: first and last sampled frame and their number, by video of a pair."""
    golden = json.loads((Path(__file__).parents[1] / "golden/preprocess_sampling/sampling.json").read_text())
    wanted = golden[f"inflevel/{block}/priming={priming}/lengths={first},{second}"]
    ends = wanted["row"]
    names = {
        "continuity": ("left__a__b__c__vv__LR.mp4", "left__a__b__c__vi__LR.mp4"),
        "solidity": ("left__a__b__c__ui.mp4", "left__a__b__c__uv.mp4"),
    }[block]
    header = "vid1_path,vid1_end_priming_2,vid2_path,vid2_end_priming_2\n"
    for folder in ("continuity", "gravity", "solidity"):
        (tmp_path / folder).mkdir()
        (tmp_path / f"{folder}.csv").write_text(header)
    for name, length in zip(names, (first, second), strict=True):
        layouts.video(tmp_path / block / name, [9] * length, size=16)
    (tmp_path / f"{block}.csv").write_text(f"{header}{names[0]},{ends['end1']},{names[1]},{ends['end2']}\n")
    stimuli = load_stimuli("inflevel-priming" if priming else "inflevel", tmp_path)
    [(name, clips)] = stimuli.scenes.items()
    protocol = Protocol(frame_step=5, window=32, contexts=(4,), resize="squash")
    read = read_scene(name, clips, protocol, (16, 16), align=stimuli.align).clips
    starts = [clip.segments[0].start for clip in clips]
    found = [
        [int(frames.numbers[0]) + start, int(frames.numbers[-1]) + start, len(frames.numbers)]
        for frames, start in zip(read.values(), starts, strict=True)
    ]
    assert found == wanted["first_last_count"]


def test_pairs_of_inflevel_are_aligned_each_by_itself(tmp_path: Path) -> None:
    """A short clip of one pair must not shorten the other pair of its scene."""
    root = layouts.inflevel(tmp_path, tables=False)
    layouts.video(root / "continuity/left__box__lid__toy_duck__vv__LR.mp4", [20] * 9)
    run = scored("inflevel-priming", root, tmp_path / "run")
    lengths = run.folder.clips().set_index("clip")["n_sampled"]
    assert lengths["continuity/left__box__lid__toy_duck__vi__LR"] == 9
    assert lengths["continuity/left__box__lid__toy_duck__iv__LR"] == 16


def test_pairs_that_the_tables_do_not_list_are_left_out_and_half_listed_ones_refused(tmp_path: Path) -> None:
    root = layouts.inflevel(tmp_path)
    header, *rows = (root / "gravity.csv").read_text().splitlines()
    (root / "gravity.csv").write_text("\n".join([header, *rows[1:]]) + "\n")
    assert len(load_stimuli("inflevel", root).pairs) == 11
    found = check_stimuli("inflevel", root)
    assert {f.where.rpartition("/")[2] for f in found.findings if "no clip of the set" in f.what} == {
        f"left__{DUCK}__ui.mp4", f"left__{DUCK}__uv.mp4",
    }  # fmt: skip
    half = rows[0].replace("__ui.mp4", "__xx.mp4")
    (root / "gravity.csv").write_text("\n".join([header, half, *rows[1:]]) + "\n")
    with pytest.raises(CardError, match=r"__ui\.mp4: gravity\.csv has no row"):
        load_stimuli("inflevel", root)


def test_one_set_up_seen_by_two_cameras_is_one_cluster(tmp_path: Path) -> None:
    stimuli = load_stimuli("inflevel", layouts.inflevel(tmp_path))
    assert {pair.scene for pair in stimuli.pairs} == {
        "continuity/box/lid/toy_duck/LR", "gravity/box/lid/toy_duck", "solidity/box/lid/toy_duck",
    }  # fmt: skip
    assert len(stimuli.pairs) == 12 and len(stimuli.scenes) == 6
    well_posed = load_stimuli("inflevel-well-posed", tmp_path)
    assert {pair.conditions["types"] for pair in well_posed.pairs} == {"vv-vi", "ii-iv", "ui-uv"}


def test_the_audit_and_the_swap_reach_every_pair_of_a_wider_cluster(tmp_path: Path) -> None:
    stimuli = load_stimuli("inflevel-priming", layouts.inflevel(tmp_path, tables=False))
    assert len({pair.scene for pair in stimuli.pairs}) < len(stimuli.scenes)
    report = audit(stimuli, {"frame_step": 1}, flips=99)
    assert (report.n_pairs, report.left_out) == (12, ())
    assert set(donors(stimuli)) == set(stimuli.scenes)
