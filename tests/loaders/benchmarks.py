"""The benchmarks in miniature by the name of their card, and the main job on one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from tests.loaders import layouts
from voe.cli.main import cli
from voe.results import Run

Build = Callable[[Path], Path]


SHORT = ["--frame-step", "1", "--window", "4", "--stride", "1", "--contexts", "2"]


BUILDERS: dict[str, Build] = {
    "intphys-dev": layouts.intphys,
    "intphys-test": lambda root: layouts.intphys(root, part="test"),
    "intphys2-main": layouts.intphys2,
    "intphys2-debug": lambda root: layouts.intphys2(root, "Debug"),
    "intphys2-heldout": lambda root: layouts.intphys2(root, "HeldOut"),
    "grasp": layouts.grasp,
    "inflevel": layouts.inflevel,
    "inflevel-well-posed": layouts.inflevel,
    "inflevel-priming": lambda root: layouts.inflevel(root, tables=False),
    "likephys": layouts.likephys,
    "xvoe": layouts.xvoe,
    "adept": layouts.adept,
    "implausibench": layouts.implausibench,
    "mvp-intuitive-physics": layouts.mvp,
}


LABELLED = [
    name for name in BUILDERS if name not in ("intphys-test", "intphys2-heldout", "mvp-intuitive-physics")
]


DUCK = "box__lid__toy_duck"


def voe(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def scored(name: str, root: Path, out: Path, *more: str) -> Run:
    model = ["--model", "copy-last-frame,size=16", "--stimuli", name, "--root", str(root), "--quiet"]
    result = voe("score", *model, *SHORT, *more, "--out", str(out))
    assert result.exit_code == 0, result.output
    return Run.open(out)


def headline(run: Run) -> dict[str, float]:
    table = run.summary().query("primary")
    return dict(
        table[table["measure"] == run.lock["measure"]["headline"]][["concept", "estimate"]].itertuples(
            index=False
        )
    )
