"""A model of one's own is known by what it is, not by what it calls itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import voe
from tests.conftest import Brightness
from tests.test_scoring import pair_rows
from voe.adapters.identity import identity, in_training, networks
from voe.adapters.judge import Answer, Judge, JudgeSpec, Question
from voe.adapters.load import load_any, load_model
from voe.errors import ModelError, RunError
from voe.scoring import default_folder

LOCK = {"model": {"name": "asked"}, "stimuli": {"name": "mine"}}
Manifest = Callable[..., Path]
PLUGIN = """
import torch
from tests.conftest import Brightness

class Loud(Brightness):
    def __init__(self, gain="1"):
        super().__init__()
        self.hidden = Hidden(gain)

    def predict(self, context, n_frames):
        return {"pixel": super().predict(context, n_frames)["pixel"] * float(self.hidden.gain)}

class Hidden:
    __slots__ = ("gain",)

    def __init__(self, gain):
        self.gain = gain
"""


class Gained(Brightness):
    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.network = nn.Linear(1, 1).eval()
        with torch.no_grad():
            self.network.weight.fill_(1.0)
            self.network.bias.fill_(0.0)

    def predict(self, context: torch.Tensor, n_frames: int) -> dict[str, torch.Tensor]:
        expected = super().predict(context, n_frames)["pixel"]
        with torch.no_grad():
            return {"pixel": self.gain * self.network(expected)}


@pytest.fixture
def stimuli(manifest: Manifest, tmp_path: Path) -> voe.StimulusSet:
    return voe.load_stimuli(manifest(pair_rows(tmp_path)))


def mean(run: object) -> float:
    return float(run.rows()["surprise"].mean())  # type: ignore[attr-defined]


def test_models_of_one_name_have_runs_of_their_own(
    stimuli: voe.StimulusSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (voe.score(Gained(gain), stimuli) for gain in (1.0, -3.0))
    assert first.path != second.path and mean(first) < mean(second)
    assert voe.score(Gained(1.0), stimuli).path == first.path
    trained = Gained(1.0)
    with torch.no_grad():
        trained.network.weight.fill_(5.0)
    assert voe.score(trained, stimuli).path not in {first.path, second.path}
    with pytest.raises(RunError, match="begun with another model, which differs in state_sha256"):
        voe.score(trained, stimuli, out=first.path)


def test_options_that_a_plugin_hides_and_a_file_that_was_edited(
    stimuli: voe.StimulusSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "loud.py"
    file.write_text(PLUGIN)
    specs = (f"{file}:Loud", f"{file}:Loud,gain=2")
    one, two = (voe.load_model(spec) for spec in specs)
    assert identity(one)["state_sha256"] == identity(two)["state_sha256"]  # it does not show its gain
    assert identity(one)["spec"] != identity(two)["spec"]
    assert voe.score(specs[0], stimuli).path != voe.score(specs[1], stimuli).path
    before = identity(one)
    file.write_text(PLUGIN + "\n# edited\n")
    assert identity(voe.load_model(specs[0])) != before


def test_what_counts_as_state() -> None:
    for change in (
        {"extra": 1}, {"extra": [1, {"a": np.arange(3)}]}, {"extra": torch.ones(2)}, {"extra": np.float32(2)},
    ):  # fmt: skip
        model = Brightness()
        before = identity(model)
        vars(model).update(change)
        assert identity(model) != before
    model = Brightness()
    before = identity(model)
    model.targets(torch.zeros(2, 4, 3, 8, 8))
    assert identity(model) == before == identity(Brightness())
    assert identity(voe.load_model("copy-last-frame")) == {}  # says itself what it is


def made_with(gain: float) -> type[Brightness]:
    class Closed(Brightness):
        def targets(self, window: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"pixel": gain * super().targets(window)["pixel"]}

    return Closed


def test_the_code_that_runs_counts_and_what_it_closes_over() -> None:
    one, other = identity(made_with(1.0)()), identity(made_with(5.0)())
    assert one["code_sha256"] == identity(made_with(1.0)())["code_sha256"] != other["code_sha256"]
    texts = [f"def factor(self):\n{gap}    return {gain}" for gap, gain in (("", 1), ("\n", 1), ("", 2))]
    codes = []
    for text in texts:
        space: dict[str, object] = {}
        exec(text, space)
        codes.append(identity(type("Typed", (Brightness,), {"factor": space["factor"]})())["code_sha256"])
    assert codes[0] == codes[1] != codes[2]  # lines do not count, constants do
    gains = [identity(type("Typed", (Brightness,), {"gain": gain})())["code_sha256"] for gain in (1, 2)]
    assert gains[0] != gains[1]


def test_of_a_network_its_settings_and_classes_count() -> None:
    networks = [
        *(
            nn.TransformerEncoderLayer(4, n, 8, activation=a)
            for n, a in ((1, "relu"), (2, "relu"), (1, "gelu"))
        ),
        *(nn.Sequential(one) for one in (nn.ReLU(), nn.Tanh())),
    ]
    for network in networks[1:3]:
        network.load_state_dict(networks[0].state_dict())
    found = []
    for network in networks:
        model = Brightness()
        vars(model)["network"] = network.eval()
        assert identity(model) == identity(model)
        found.append(identity(model)["state_sha256"])
    assert len(set(found)) == len(networks)


class InSlots(Brightness):
    __slots__ = ("net",)


def test_slots_sets_paths_and_functions_count_and_modules_do_not_hinder() -> None:
    found = []
    for gain in (1.0, 5.0):
        model = InSlots()
        model.net = torch.full((1,), gain)
        found.append(identity(model)["state_sha256"])
    assert found[0] != found[1]
    for one, other in (
        ({1, 2}, {1, 3}), (Path("a"), Path("b")), (torch.float32, torch.float16), (nn.ReLU, nn.GELU),
        (partial(max, 1), partial(max, 2)), (lambda x: x + 1, lambda x: x + 2),
    ):  # fmt: skip
        states = []
        for value in (one, one, other):
            model = Brightness()
            vars(model)["extra"] = value
            states.append(identity(model)["state_sha256"])
        assert states[0] == states[1] != states[2], one
    vars(model)["extra"] = torch
    assert identity(model) == identity(model)


def test_a_built_in_class_that_a_file_of_ones_own_has_filled(tmp_path: Path) -> None:
    file = tmp_path / "tuned.py"
    file.write_text(
        "import torch\nfrom voe.adapters.identity import networks\n"
        "from voe.adapters.load import load_model\n\n"
        "def made(spec, placement):\n"
        "    model = load_model('untrained:vjepa2-tiny')\n"
        "    with torch.no_grad():\n"
        "        for p in next(iter(networks(model).values())).parameters():\n"
        "            p.mul_(SCALE)\n"
        "    return model\n\nSCALE = 1.0\n"
    )
    first = identity(voe.load_model(f"{file}:made"))
    file.write_text(file.read_text().replace("SCALE = 1.0", "SCALE = 2.0"))
    assert first["state_sha256"] != identity(voe.load_model(f"{file}:made"))["state_sha256"]


def test_a_built_in_model_that_was_changed_after_it_was_loaded() -> None:
    model = voe.load_model("untrained:vjepa2-tiny")
    assert identity(model) == {}
    with torch.no_grad():
        next(next(iter(networks(model).values())).parameters()).data.zero_()
    assert identity(model)["state_sha256"] and default_folder(LOCK, identity(model)) != default_folder(
        LOCK, {}
    )


class Asked(Judge):
    def __init__(self, word: str = "yes") -> None:
        self.spec = JudgeSpec("asked", "test", "2026-01-01")
        self.word, self.known, self._calls = word, list[str](), 0

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        self.known += [question.id for question in questions]
        self._calls += 1
        yield from ()


def test_a_judge_is_known_by_its_spec_and_file_and_may_keep_its_answers() -> None:
    one, two = (load_any(f"{__file__}:Asked{more}") for more in ("", ",word=no"))
    assert isinstance(one, Judge) and isinstance(two, Judge)
    assert identity(one)["spec"] != identity(two)["spec"]
    assert identity(one)["source_sha256"] == identity(two)["source_sha256"] != ""
    before = identity(one)
    list(one.ask([]))
    assert identity(one) == before
    assert len({default_folder(LOCK, identity(judge)) for judge in (one, two)}) == 2
    assert identity(load_any("planted:perfect")) == {}


def test_a_judge_that_was_built_by_hand_is_known_by_its_settings_and_weights() -> None:
    yes, again, no = Asked("yes"), Asked("yes"), Asked("no")
    assert identity(yes) == identity(again)
    assert [key for key in identity(yes) if identity(yes)[key] != identity(no)[key]] == ["state_sha256"]
    for judge, gain in ((yes, 1.0), (again, 2.0)):
        judge.pipeline = Held(nn.Linear(1, 1))  # type: ignore[attr-defined]
        nn.init.constant_(judge.pipeline.net.weight, gain)  # type: ignore[attr-defined]
        nn.init.zeros_(judge.pipeline.net.bias)  # type: ignore[attr-defined]
    assert identity(yes)["state_sha256"] != identity(again)["state_sha256"]


class Held:
    def __init__(self, net: nn.Module) -> None:
        self.net = net


def test_a_network_in_training_mode_is_refused(stimuli: voe.StimulusSet, tmp_path: Path) -> None:
    model = Gained()
    model.network.train()
    with pytest.raises(ModelError, match="network is in training mode"):
        voe.surprise_curves(model, np.zeros((1, 6, 8, 8, 3), np.uint8), window=4, stride=1, contexts=[2])
    assert in_training(model) == ["network"]
    nested = Brightness()
    vars(nested)["pipe"] = {"stages": [Held(nn.Dropout())]}
    assert in_training(nested) == ["pipe['stages'][0].net"]
    with pytest.raises(ModelError, match=r"network is in training mode.*call \.eval\(\)"):
        voe.score(model, stimuli, out=tmp_path / "run")


def test_files_of_one_name_are_known_apart_in_one_process(tmp_path: Path) -> None:
    text = "from tests.conftest import Brightness\n\nclass Mine(Brightness):\n    factor = {}\n"
    for folder, factor in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(text.format(factor))
    alone = identity(load_model(f"{tmp_path}/a/mine.py:Mine"))
    models = [load_model(f"{tmp_path}/{folder}/mine.py:Mine") for folder in "ab"]
    known = [identity(model) for model in models]
    assert known[0] == alone and known[0]["source_sha256"] != known[1]["source_sha256"]
    assert known[0]["class"] == known[1]["class"] == "voe_adapter_mine.Mine"
    assert sys.modules[type(models[0]).__module__] is not sys.modules[type(models[1]).__module__]
