"""The command line as a function, and runs of two concepts that several tests read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import write_images
from voe.cli.main import cli

SHORT = ["--window", "4", "--stride", "1", "--contexts", "1,2"]
CONCEPTS = ("solidity", "gravity")
PER_CONCEPT = 8


def voe(*arguments: str, error: type[BaseException] | None = None) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    if error is None and result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def tables(*arguments: str) -> dict[str, list[dict[str, Any]]]:
    output = voe(*arguments, "--format", "json").output
    return {table["name"]: table["records"] for table in json.loads(output)["tables"]}


def by_concept(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record["concept"]: record for record in records}


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 pairs of two concepts. In 'solidity' the impossible clip jumps in every scene, in 'gravity' in six
    of eight (in the others the possible one does). Runs: `copy`, `random` of seeds 0 .. 4, `other` protocol.
    """
    root = tmp_path_factory.mktemp("statistics")
    rows, calm, jump = [], [9] * 7, [9, 9, 9, 9, 80, 80, 80]
    for concept in CONCEPTS:
        for scene in range(PER_CONCEPT):
            swapped = concept == "gravity" and scene >= 6
            for possible in (True, False):
                path = f"{concept}{scene}{'p' if possible else 'i'}"
                levels = calm if possible is not swapped else jump
                write_images(root / path, [level + scene for level in levels])
                rows.append(f"{path},{path},{concept}-{scene},{possible},{concept}")
    manifest = root / "mine.csv"
    manifest.write_text("\n".join(["clip,path,scene,possible,concepts", *rows]) + "\n", encoding="utf-8")
    shown = ["--stimuli", str(manifest), *SHORT, "--quiet"]
    voe("score", "--model", "copy-last-frame,size=32", *shown, "--out", str(root / "copy"))
    voe("score", "--model", "random,size=32", "--seeds", "5", *shown, "--out", str(root / "random"))
    for seed in (5, 6, 7):
        out = str(root / f"more/seed-{seed}")
        voe("score", "--model", f"random,size=32,seed={seed}", *shown, "--out", out)
    other = ["--stimuli", str(manifest), "--window", "4", "--contexts", "2", "--quiet"]
    voe("score", "--model", "copy-last-frame,size=32", *other, "--out", str(root / "other"))
    return root
