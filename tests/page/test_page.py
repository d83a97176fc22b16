"""The page: every number as in the summary, every section there, hostile text harmless, nothing fetched."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from voe.adapters.load import load_any, load_model
from voe.cli.main import cli
from voe.clips import StimulusSet
from voe.judging.asking import ask
from voe.judging.plan import Asking
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes
from voe.report.limitations import limitations
from voe.report.page.build import build_page, embedded
from voe.report.page.maps import heat_strips, token_maps
from voe.report.page.pictures import strip, webm
from voe.results import Run
from voe.scoring import score

MODEL = "untrained:vjepa2-tiny,seed=0"
PROTOCOL = {"stride": 8, "contexts": (8,), "primary_context": 8}


@pytest.fixture(scope="module")
def stimuli() -> StimulusSet:
    """Two concepts, two quadruplets each."""
    every = load_stimuli("builtin")
    kept = tuple(
        q for q in first_scenes(every, 2).quadruplets if set(q.concepts) & {"support", "colour-constancy"}
    )
    scenes = {quad.scene for quad in kept}
    return replace(
        every,
        clips=tuple(c for c in every.clips if c.scene in scenes),
        pairs=tuple(p for p in every.pairs if p.scene in scenes),
        quadruplets=kept,
    )


@pytest.fixture(scope="module")
def run(stimuli: StimulusSet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return score(MODEL, stimuli, PROTOCOL, tmp_path_factory.mktemp("runs") / "one")


class Reader(HTMLParser):
    """Collects tags, attributes and the text of elements that are shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self._hidden = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._hidden = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.shown.append(data)

    @property
    def ids(self) -> set[str]:
        return {str(attributes["id"]) for _, attributes in self.tags if "id" in attributes}


def data_of(text: str) -> dict[str, list[dict[str, object]]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    content: dict[str, list[dict[str, object]]] = json.loads(found.group(1))
    return content


def test_sections_and_numbers(run: Run) -> None:
    text = build_page([run], 4)
    page = Reader(text)
    sections = {"headline", "concepts", "comparisons", "statistics", "limitations", "protocol", "cite"}
    assert sections <= page.ids and "failures" not in page.ids and "board" not in page.ids
    table = run.summary()
    rows = table[table["primary"] & (table["measure"] == "quadruplets")]
    data = data_of(text)
    assert [row["concept"] for row in data["concepts"]] == rows["concept"].tolist()
    assert np.allclose([row["share"] for row in data["concepts"]], rows["estimate"], atol=1e-5)  # type: ignore[arg-type]
    shown = " ".join(page.shown)
    for row in rows.to_dict("records"):
        assert f"{100 * row['estimate']:.1f} %" in shown
    for line in limitations(run):
        assert line in shown
    assert "UNTRAINED" in shown.upper() and str(run.path) in shown
    first = data["comparisons"][0]
    contrasts = run.quadruplets().set_index("quadruplet")["contrast"]
    assert first["contrast"] == pytest.approx(contrasts[first["id"]], rel=1e-6)
    clip = first["clips"][1]  # type: ignore[index]
    curve = run.curves.of(clip["id"], "latent", 8)
    assert np.allclose(clip["surprise"], curve, rtol=1e-4) and clip["violation"] is not None
    video = base64.b64decode(clip["video"].partition("base64,")[2])
    with av.open(io.BytesIO(video)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == 96 and clip["strip"].startswith("data:image/webp;base64,")


def test_nothing_is_fetched_and_nothing_inline_but_what_the_policy_names(run: Run) -> None:
    text = build_page([run], 0)
    page = Reader(text)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag, attributes in page.tags:
        assert not {"style", "onclick", "onload", "onerror"} & set(attributes), tag
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)


def test_hostile_names_stay_text(stimuli: StimulusSet, tmp_path: Path) -> None:
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>" + "w" * 300
    quads = tuple(
        replace(quad, id=f"{bad}{n}", concepts=(bad,), conditions={bad: bad if n % 2 else "b"})
        for n, quad in enumerate(stimuli.quadruplets)
    )
    pairs = tuple(replace(pair, concepts=(bad,), conditions={}) for pair in stimuli.pairs)
    hostile = replace(stimuli, name=bad, note=bad, quadruplets=quads, pairs=pairs)
    run = score("copy-last-frame", hostile, PROTOCOL, tmp_path / "run")
    text = build_page([run], 2)
    page = Reader(text)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not any(tag == "img" for tag, _ in page.tags)
    assert bad in " ".join(page.shown) and data_of(text)["comparisons"][0]["concept"] == bad


def test_several_runs_make_a_leaderboard(run: Run, stimuli: StimulusSet, tmp_path: Path) -> None:
    others = [score(m, stimuli, PROTOCOL, tmp_path / m[:6]) for m in ("copy-last-frame", "random")]
    page = Reader(build_page([*others, run], 0))
    shown = " ".join(page.shown)
    assert "board" in page.ids and "Leaderboard" in shown and "BESIDE 1 UNTRAINED NETWORK" in shown
    assert shown.count("copy-last-frame") >= 2


def test_a_judge_has_a_page(stimuli: StimulusSet, tmp_path: Path) -> None:
    judge = load_any("planted:perfect")
    run = ask(judge, stimuli, Asking(4, size=32, kinds=("rate", "choose")), tmp_path / "run")  # type: ignore[arg-type]
    shown = " ".join(Reader(build_page([run], 2)).shown)
    assert "WHAT ELSE DECIDES ITS ANSWERS" in shown and "100.0 %" in shown and "liking for 'yes'" in shown


def test_maps_add_up_to_the_surprise_of_the_window(run: Run) -> None:
    model = load_model(MODEL)
    quad = run.stimuli.quadruplets[0]
    maps = token_maps(model, run, quad)
    assert set(maps) == set(quad.clips)
    for clip, one in maps.items():
        assert one.surprise.shape == (4, 4, 4) and one.frames.shape == (4, 64, 64, 3)
        curve = run.curves.of(clip, "latent", 8)
        assert np.abs(curve - one.surprise.mean()).min() < 1e-5
        assert list(one.numbers) == list(range(one.numbers[0], one.numbers[0] + 16, 4))
    picture = Image.open(io.BytesIO(heat_strips(maps)[quad.ab]))
    assert picture.size == (4 * 72, 72)
    assert Reader(build_page([run], 1, maps=1, model=model)).shown


def test_small_pictures() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, 40, 60, 3), dtype=np.uint8)
    assert Image.open(io.BytesIO(strip(frames))).size == (5 * 72, 48)
    with av.open(io.BytesIO(webm(frames, 12.0))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate or 0)) == (60, 40, 12.0)
        assert sum(1 for _ in container.decode(video=0)) == 5
    assert embedded({"a": "</script>\u2028"}) == '{"a": "\\u003c/script\\u003e\\u2028"}'


def test_files_that_are_not_those_that_were_scored_are_said_to_be_others(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    lock = json.loads((tmp_path / "run/protocol.lock").read_text(encoding="utf-8"))
    lock["stimuli"]["sha256"] = "0" * 64
    (tmp_path / "run/protocol.lock").write_text(json.dumps(lock), encoding="utf-8")
    texts = [" ".join(Reader(build_page([one], 1)).shown) for one in (run, Run.open(tmp_path / "run"))]
    assert ["are not those that were scored" in text for text in texts] == [False, True]


def test_a_part_of_a_run_has_a_page_without_tests(run: Run, stimuli: StimulusSet, tmp_path: Path) -> None:
    untrained = score("untrained:vjepa2-tiny,seed=1", stimuli, PROTOCOL, tmp_path / "untrained")
    shutil.copytree(run.path, tmp_path / "part")
    for kind in ("clips", "surprise"):
        for file in (tmp_path / "part" / kind).glob("*.parquet"):
            table = pd.read_parquet(file)
            table[table["clip"] != stimuli.clips[0].id].to_parquet(file)
    shown = [
        " ".join(Reader(build_page([one, untrained], 0)).shown)
        for one in (Run.open(run.path), Run.open(tmp_path / "part"))
    ]
    assert ["BESIDE 1 UNTRAINED NETWORK" in text for text in shown] == [True, False]
    assert ["mid-p" in text for text in shown] == [True, False] and "the run is unfinished" in shown[1]


def test_the_command(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = CliRunner().invoke(cli, ["report", str(run.path), "--out", str(out), "--pairs", "1", "--quiet"])
    assert done.exit_code == 0, done.output
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>") and f"{out} (" in done.output
