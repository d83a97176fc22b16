from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from tests.conftest import write_images
from voe.cli.main import COMMANDS, cli
from voe.errors import VoeError

Manifest = Callable[..., Path]
SHORT = ["--window", "4", "--stride", "1", "--contexts", "1,2"]


def voe(*arguments: str, error: type[BaseException] | None = None) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    if error is None and result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def clips(tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six scenes in which the impossible clip jumps; runs go to a folder of their own."""
    rows = []
    for scene in range(6):
        for name, levels, possible in (("calm", [9] * 6, True), ("jump", [9, 9, 9, 9, 80, 80], False)):
            path = f"{name}{scene}"
            write_images(tmp_path / path, [level + scene for level in levels])
            rows.append({"clip": path, "path": path, "scene": f"s{scene}", "possible": possible})
    monkeypatch.chdir(tmp_path)
    return manifest(rows)


def test_help_lists_every_command() -> None:
    text = voe("--help").output
    assert all(name in text for name in COMMANDS)
    for name in COMMANDS:
        assert "Usage" in voe(name, "--help").output


def test_an_unknown_command_offers_the_nearest() -> None:
    result = voe("scroe")
    assert result.exit_code == 2 and "Did you mean 'score'" in result.output


def test_score_prints_the_table_and_where_the_run_lies(clips: Path) -> None:
    result = voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "stimuli   mine: 12 of 12 clips scored" in lines
    assert any(line.startswith("all") and "100.0 %" in line and "above" in line for line in lines)
    assert "windows of 4, stride 1, context 1 (secondary: 2)" in result.output
    assert "the model's default (the set has no card)" in result.output
    assert max(map(len, lines)) <= 110
    folder = Path(lines[-1].removeprefix("run folder: "))
    assert (folder / "summary.json").is_file() and folder.parent == Path("runs")
    assert voe("table", str(folder)).output == result.output


def test_json_is_the_summary(clips: Path) -> None:
    result = voe(
        "score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT, "--json", "--out", "r"
    )
    assert json.loads(result.output) == json.loads(Path("r/summary.json").read_text())
    table = json.loads(result.output)["table"]
    (primary,) = [row for row in table if row["primary"]]
    assert (primary["estimate"], primary["n"], primary["p_value"]) == (1.0, 6, 1 / 64)


def test_rows_as_csv_are_all_the_rows(clips: Path) -> None:
    voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT, "--out", "r")
    table = pd.read_csv(io.StringIO(voe("rows", "r", "--csv").output))
    assert list(table.columns) == ["clip", "window_start", "context", "stream", "surprise"]
    assert len(table) == 12 * 3 * 2
    pairs = pd.read_csv(io.StringIO(voe("rows", "r", "--of", "pairs", "--csv").output))
    assert pairs["score"].tolist() == [1.0] * 12


def test_a_manifest_is_checked_and_rows_that_there_are_not_are_refused(clips: Path, tmp_path: Path) -> None:
    checked = voe("stimuli", "check", str(clips), "--decode", "--quiet")
    assert checked.exit_code == 0 and "sound" in checked.output
    (tmp_path / "jump3/2.png").write_bytes(b"torn")
    torn = voe("stimuli", "check", str(clips), "--decode", "--quiet")
    assert torn.exit_code == 1 and "jump3" in torn.output
    voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT, "--out", "run")
    rows = voe("rows", "run", "--of", "quadruplets")
    assert rows.exit_code == 2 and "has no quadruplets; choose one of surprise, pairs" in rows.output


def test_failures_are_listed_and_set_the_exit_code(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "jump3/2.png").write_bytes(b"torn")
    result = voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT)
    assert result.exit_code == 3
    assert (
        "1 clip FAILED" in result.output
        and "jump3" in result.output
        and "left out: 1 failed" in result.output
    )


def test_seeds_print_their_distribution(clips: Path) -> None:
    result = voe(
        "score", "--model", "random,size=32", "--seeds", "4", "--stimuli", str(clips), *SHORT, "--json"
    )
    overall = json.loads(result.output)["concepts"]["all"]
    assert overall["n"] == 4 and len(set(overall["by_seed"])) > 1
    assert overall["mean"] == pytest.approx(sum(overall["by_seed"]) / 4)
    text = voe("score", "--model", "random,size=32", "--seeds", "4", "--stimuli", str(clips), *SHORT).output
    assert "over 4 seeds" in text and "95 % of mean" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "copy-lastframe"], "Did you mean 'copy-last-frame'"),
        (["--stimuli", "biultin"], "Did you mean 'builtin'"),
        (["--contexts", "4;8"], "write whole numbers"),
        (["--model", "copy-last-frame", "--window", "4", "--contexts", "8"], "inside the window of 4"),
        (["--model", "random,seed=1", "--seeds", "3"], "names a seed already"),
        (["--model", "copy-last-frame", "--seeds", "3"], "seed"),
    ],
)
def test_what_cannot_be_used_is_an_error_for_people(clips: Path, arguments: list[str], message: str) -> None:
    if "--stimuli" not in arguments:
        arguments = [*arguments, "--stimuli", str(clips)]
    result = voe("score", *arguments, error=VoeError)
    assert isinstance(result.exception, VoeError)
    assert message in str(result.exception)


def test_preview_draws_the_frames(clips: Path) -> None:
    from PIL import Image

    voe(
        "preview",
        "--model",
        "copy-last-frame,size=32",
        "--stimuli",
        str(clips),
        *SHORT,
        "--scene",
        "s1",
        "--out",
        "p.png",
    )
    with Image.open("p.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert {(10, 10, 10), (81, 81, 81)} <= colours


def test_models_and_stimuli_are_listed() -> None:
    families = json.loads(voe("models", "--json").output)
    assert {"vjepa2", "videomae", "copy-last-frame"} <= {f["family"] for f in families}
    assert "builtin" in [card["name"] for card in json.loads(voe("stimuli", "--json").output)]


def test_check_adapter_passes_a_good_model() -> None:
    result = voe("check-adapter", "copy-last-frame,size=32")
    assert result.exit_code == 0 and "ok   causality" in result.output


def test_numbers_keep_their_width_beside_a_long_name() -> None:
    from voe.report.table import grid

    columns = ["concept", "n", "right", "95 % interval", "ties", "p", "verdict"]
    cells = ["12", "58.3 %", "29.4 to 82.5", "6", "1.000", "inconclusive (only 4 scenes)"]
    for name in ("object-permanence", "x" * 90):
        text = grid(columns, [[name, *cells]])
        assert all(cell in text for cell in cells[:5]) and max(map(len, text.splitlines())) <= 80
    assert "object-permanence" in grid(columns, [["object-permanence", *cells]])


def test_an_interrupt_says_what_to_do(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("voe.scoring.score", interrupted)
    result = voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT)
    assert result.exit_code == 130 and "the same command continues" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    script = voe("completion", shell).output
    assert f"_VOE_COMPLETE={shell}_complete" in script
    asked = {"_VOE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "voe sc"}
    asked["COMP_CWORD"] = "sc" if shell == "fish" else "1"
    found = CliRunner().invoke(cli, [], prog_name="voe", env=asked)
    assert "score" in found.output and "stats" not in found.output


def test_rows_as_json(clips: Path) -> None:
    voe("score", "--model", "copy-last-frame,size=32", "--stimuli", str(clips), *SHORT, "--out", "r")
    both = voe("rows", "r", "--json", "--csv")
    assert both.exit_code == 2 and "--csv and --json are two formats; choose one" in both.output
    rows = json.loads(voe("rows", "r", "--json").output)
    assert len(rows) == 12 * 3 * 2
    assert set(rows[0]) == {"clip", "window_start", "context", "stream", "surprise"}


def test_every_command_that_prints_a_result_has_json() -> None:
    from voe.cli.main import COMMANDS

    without = {"preview", "completion"}  # a picture and a script
    for name in set(COMMANDS) - without:
        text = voe(name, "--help").output
        assert "--json" in text or "--format" in text, name


def test_a_table_that_is_too_wide_is_wider_than_the_page_and_cuts_no_number() -> None:
    from voe.report.table import grid

    numbers = [f"{k}1.25 to {k}9.75" for k in range(10)]
    text = grid(["concept", *(f"interval {k}" for k in range(10))], [["object-permanence", *numbers]])
    assert all(number in text for number in numbers)
    assert max(map(len, grid(["concept", "n"], [["a-very-long-name-" * 9, "12345"]]).splitlines())) <= 80
