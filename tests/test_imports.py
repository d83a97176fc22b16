"""Which package may import which, and what must not be paid for at the start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import voe

PACKAGE = Path(voe.__file__).parent

# package -> what its modules must not import, at any depth of nesting
FORBIDDEN = {
    "stats": ("torch", "voe.adapters", "voe.engine", "voe.report", "voe.cli"),
    "adapters": ("voe.loaders", "voe.stats", "voe.video", "voe.scenes", "voe.cli", "voe.report"),
    "loaders": ("torch", "voe.adapters", "voe.engine", "voe.stats", "voe.cli"),
    "video": ("voe.adapters", "voe.engine", "voe.stats", "voe.loaders"),
    "worlds": ("torch", "voe.adapters", "voe.engine", "voe.stats", "voe.cli"),
    "report": ("voe.cli", "voe.engine"),
    "clips.py": ("torch", "voe.adapters", "voe.stats", "voe.video", "voe.loaders"),
    "engine.py": ("voe.loaders", "voe.stats", "voe.report", "voe.cli", "voe.runs", "voe.clips"),
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("part", FORBIDDEN)
def test_arrows_point_one_way(part: str) -> None:
    paths = [PACKAGE / part] if part.endswith(".py") else sorted((PACKAGE / part).rglob("*.py"))
    assert paths
    for path in paths:
        wrong = [
            name
            for name in imported(path)
            for no in FORBIDDEN[part]
            if name == no or name.startswith(no + ".")
        ]
        assert not wrong, f"{path.relative_to(PACKAGE)} imports {wrong}"


@pytest.mark.parametrize(
    "code", ["import voe", "import voe.cli.main as m; m.cli(['--help'], standalone_mode=False)"]
)
def test_the_start_pays_for_nothing_heavy(code: str) -> None:
    heavy = "{'torch', 'pandas', 'transformers', 'av', 'scipy', 'mujoco'}"
    check = f"import sys; print('loaded:', *sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_every_public_name_is_there() -> None:
    for name in voe.__all__:
        assert getattr(voe, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'scoer'"):
        voe.scoer  # noqa: B018
