"""The four ways in: built-in families, plugins, importable classes, files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from voe.adapters.base import Predictor
from voe.adapters.load import BUILT_IN, load_model, plugins
from voe.engine import surprise_curves
from voe.errors import ModelError

EXAMPLE = Path(__file__).parent.parent / "plugin_example"

TWICE = """
from dataclasses import dataclass

import torch

from voe.adapters.base import Predictor, PredictorSpec
from voe.protocols import Protocol

@dataclass
class Options:  # dataclasses look their module up in sys.modules
    factor: float = 2.0

def bare(clip):
    return 1.0

def forgets(spec, placement):
    pass

class OneParameter:
    @classmethod
    def from_spec(cls, spec):
        return cls()


class Twice(Predictor):
    def __init__(self, factor="2", device=torch.device("cpu")):
        self.factor, self.device = Options(float(factor)).factor, device
        self.spec = PredictorSpec("twice", "pixel", (8, 8), ("pixel",), Protocol())

    def grid(self, n_frames):
        return n_frames, 1, 1

    def targets(self, window):
        return {"pixel": window.flatten(2)}

    def predict(self, context, n_frames):
        return {"pixel": self.factor * context[:, -1:].flatten(2).expand(-1, n_frames - context.shape[1], -1)}

class NoDevice(Twice):
    def __init__(self):
        super().__init__()
        del self.device

class NoSpec(Twice):
    def __init__(self):
        self.device = torch.device("cpu")

class OtherDevice(Twice):
    def __init__(self):
        super().__init__()
        self.device = torch.device("meta")

class TwoOfOneName(Twice):
    def __init__(self):
        super().__init__()
        self.spec = PredictorSpec("twice", "pixel", (8, 8), ("pixel", "pixel"), Protocol())

class Unrecorded(Twice):
    def __init__(self):
        super().__init__()
        self.spec = PredictorSpec("twice", "pixel", (8, 8), ("pixel",), Protocol(), details={"scale": {1.0}})

class Says(Twice):
    def __init__(self, what="dtype", dtype=torch.float32):
        super().__init__()
        details = {"dtype": {"dtype": str(dtype)}, "list": ["a"], "keys": {1: 2, "a": 3}}[what]
        streams = "pixel" if what == "streams" else ("pixel",)
        self.spec = PredictorSpec("twice", "pixel", (8, 8), streams, Protocol(), details=details)

class Unfinished(Predictor):
    pass

class Needs(Twice):
    def __init__(self, weights, layer, device=None):
        super().__init__()

class ByPlace(Twice):
    def __init__(self, weights, /):
        super().__init__()

class NeedsOrAnything(Twice):
    def __init__(self, weights, **options):
        super().__init__()

class Anything(Twice):
    def __init__(self, **options):
        super().__init__()
        self.options = options

class NotOne:
    pass

class Raises(Twice):
    def __init__(self):
        raise KeyError("weights.bin")

class Leaves(Twice):
    def __init__(self):
        raise SystemExit(3)
"""


@pytest.fixture
def module_file(tmp_path: Path) -> Path:
    path = tmp_path / "my_adapters.py"
    path.write_text(TWICE)
    return path


def distribution(folder: Path, name: str, entry_points: str) -> None:
    """What an installed package leaves behind: a dist-info with entry points."""
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\nLicense: Zlib\n")
    (info / "entry_points.txt").write_text(f"[voe.adapters]\n{entry_points}\n")


def test_a_class_in_a_file(module_file: Path) -> None:
    model = load_model(f"{module_file}:Twice,factor=3", device="cpu")
    assert isinstance(model, Predictor)
    frames = np.full((1, 16, 8, 8, 3), 255, np.uint8)
    white = (1 - np.array(model.spec.mean)) / np.array(model.spec.std)
    curve = surprise_curves(model, frames, window=16, stride=1, contexts=[4])
    np.testing.assert_allclose(curve, [[[2 * white.mean()]]], rtol=1e-6)  # |3 x - x|


def test_a_leading_tilde_is_the_home_folder(module_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(module_file.parent))
    assert load_model("~/my_adapters.py:Twice").spec.name == "twice"
    with pytest.raises(ModelError, match=f"there is no file {module_file.parent}/tiny.pt"):
        load_model("vjepa2:~/tiny.pt")


def test_an_importable_class(module_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(module_file.parent))
    assert load_model("my_adapters:Twice").spec.name == "twice"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Twise", r"my_adapters.py has no class 'Twise'\. Did you mean 'Twice'"),
        ("bare", r"it is no class, and cannot be called with a ModelSpec and a Placement \(too many"),
        ("OneParameter", r"its from_spec cannot be called with a ModelSpec and a Placement \(too many"),
        ("forgets", r"what builds it returned nothing; let it return the predictor"),
        ("NoDevice", r"NoDevice has no `device`; set self.device = torch.device"),
        ("NoSpec", r"NoSpec has no `spec`; set self.spec = PredictorSpec"),
        ("Unfinished", r"building it failed: TypeError: Can't instantiate abstract class Unfinished"),
        ("NotOne", r"NotOne is not a voe.adapters.base.Predictor"),
        ("Raises", r"building it failed: KeyError: 'weights.bin' \(my_adapters.py, line \d+\)"),
        ("Leaves", r"building it failed: SystemExit: 3"),
        ("Twice,facto=3", r"unknown option 'facto'\. Did you mean 'factor'\? Options: factor$"),
        (
            "Needs",
            r"needs 'weights' and 'layer', and has no default; add weights=VALUE,layer=VALUE, behind",
        ),
        ("ByPlace,weights=w", r"takes a parameter by place only \(before a `/`\)"),
        ("NeedsOrAnything,wieghts=w", r"needs 'weights', .* what it was given instead: wieghts$"),
        ("Needs,weights=w,facto=3", r"unknown option 'facto'\. Options: weights, layer$"),
        ("OtherDevice,device=cpu", r"lies on meta, not on cpu as asked"),
        ("Twice,dtype=bfloat16", r"computes in float32, not in bfloat16 as asked"),
        ("TwoOfOneName", r"name each stream once"),
        ("Says,what=list", r"details cannot be recorded \(it is a list, not a dictionary"),
        ("Says,what=keys", r"details cannot be recorded \('<' not supported"),
        ("Unrecorded", r"spec.details cannot be recorded \(Object of type set"),
    ],
)
def test_classes_that_cannot_be_used(module_file: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_model(f"{module_file}:{name}")


def test_a_class_may_state_its_dtype_as_torch_prints_it(module_file: Path) -> None:
    assert load_model(f"{module_file}:Says,dtype=bfloat16").spec.details["dtype"] == "torch.bfloat16"


def test_a_class_may_take_any_options(module_file: Path) -> None:
    assert load_model(f"{module_file}:Anything,a=1,b=2").options == {"a": "1", "b": "2"}  # type: ignore[attr-defined]


def test_files_and_modules_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no file .*nothing\.py"):
        load_model(f"{tmp_path}/nothing.py:Twice")
    with pytest.raises(ModelError, match=r"No module named 'no_such_package'; install it, put its folder on"):
        load_model("no_such_package.module:Twice")
    (tmp_path / "broken.py").write_text("def broken(:\n")
    with pytest.raises(ModelError, match=r"building it failed: SyntaxError"):
        load_model(f"{tmp_path}/broken.py:Twice")


def test_unknown_families() -> None:
    with pytest.raises(ModelError, match=r"unknown family 'vjepa3'\. Did you mean 'vjepa"):
        load_model("vjepa3:some/reference")
    with pytest.raises(ModelError, match=r"Did you mean 'copy-last-frame'"):
        load_model("copy-last-frames")
    with pytest.raises(ModelError, match=r"copy-last-frame takes no reference"):
        load_model("copy-last-frame:thing")


def test_every_built_in_family_has_its_factory() -> None:
    import importlib

    for family, module in BUILT_IN.items():
        assert callable(importlib.import_module(module).from_spec), family


def test_arguments_go_before_the_options_of_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="no CUDA device"):
        load_model("untrained:vjepa2-tiny,device=cuda")
    model = load_model("untrained:vjepa2-tiny,device=cuda,dtype=float16", device="cpu", dtype="bfloat16")
    assert (model.spec.details["device"], model.spec.details["dtype"]) == ("cpu", "bfloat16")


def test_a_plugin_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "voe_twice.py").write_text(
        TWICE + "\ndef from_spec(spec, placement):\n    return Twice(spec.options.get('factor', '2'))\n"
    )
    distribution(tmp_path, "voe-twice", "twice = voe_twice:from_spec\ntwice-class = voe_twice:Twice")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {"twice", "twice-class"} <= plugins().keys()
    assert load_model("twice,factor=5").factor == 5.0  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r"plugin 'twice-class' .* is neither a function"):
        load_model("twice-class")


def test_a_broken_plugin_is_named_and_troubles_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voe_broken.py").write_text("import no_such_module\n")
    entries = "broken = voe_broken:from_spec\nvjepa2 = voe_broken:from_spec"
    distribution(tmp_path, "voe-broken", entries)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_model("copy-last-frame").spec.family == "baseline"
    assert "vjepa2" not in plugins()  # a built-in name is not taken over
    with pytest.raises(
        ModelError,
        match=r"plugin 'broken' \(voe_broken:from_spec, from voe-broken\) cannot be loaded: "
        r"ModuleNotFoundError: No module named 'no_such_module' \(voe_broken.py, line 1\)",
    ):
        load_model("broken")


def test_the_example_plugin_installs_and_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hatchling")
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(target), str(EXAMPLE)]
    subprocess.run(command, check=True)
    monkeypatch.syspath_prepend(str(target))
    model = load_model("fading,speed=0.5")
    frames = np.full((1, 16, 64, 64, 3), 255, np.uint8)
    surprise = surprise_curves(model, frames, window=16, stride=1, contexts=[4])
    # White stays white while 0.5 + 0.5 exp(-0.5 k) is expected of frame k = 1..12 after the context.
    expected = np.mean(1 - (0.5 + 0.5 * np.exp(-0.5 * np.arange(1, 13))))
    np.testing.assert_allclose(surprise, [[[expected]]], rtol=1e-6)
    with pytest.raises(ModelError, match="unknown option 'sped'"):
        load_model("fading,sped=1")


def test_loading_imports_no_torch_before_it_must() -> None:
    code = (
        "import sys, voe.adapters.load, voe.adapters.catalogue as c; c.families(); "
        "print(*({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
