"""Does an adapter keep the contract of `voe.adapters.base`? One public suite, for built-in ones and plugins.

    from voe.adapters.conformance import check_adapter, failures

    def test_my_adapter():
        assert not failures(check_adapter(MyAdapter()))

The frames are noise from a seeded generator; what a model knows plays no part. The check that matters most is
*causality*: what is predicted may depend on the context frames alone, so an adapter that remembers the window
of an earlier call, and looks the answer up, fails it by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from voe.adapters.base import Predictor, PredictorSpec, future_tokens
from voe.adapters.identity import in_training, weights_of
from voe.adapters.own_files import FOREIGN_ERRORS, describe
from voe.windows import check_windows, normalise
from voe.words import counted

# The same call twice: what libraries leave open when memory is aligned otherwise, and nothing more.
REPEAT_LIMIT = 1e-6
# Largest difference of a surprise (its mean over tokens and channels) from batch to batch, relative to
# surprises above 1; by dtype, because reduced precision also chooses other kernels for other batch sizes.
BATCH_LIMITS = {"float32": 1e-5, "bfloat16": 2e-2, "float16": 5e-3}


@dataclass(frozen=True)
class CheckResult:
    """One check, and what it found.

    `measured` and `limit` are there where something is measured; it passes when measured <= limit. A check
    that is not `required` is advice: a model may have a reason.
    """

    name: str
    passed: bool
    message: str
    measured: float | None = None
    limit: float | None = None
    required: bool = True


def check_adapter(model: Predictor, *, seed: int = 0) -> list[CheckResult]:
    """Run every check on a loaded model; nothing is raised for what the adapter does wrong.

    Args:
        model: an adapter, from `voe.load_model` or built in a test.
        seed: of the noise that the frames are made of.

    Returns:
        One result a check, in a fixed order: spec, streams and shapes, finite values, dtype, determinism,
        batch invariance, order of clips, causality, legal windows, weights, context dependence, outcome
        dependence.
    """
    before = weights_of(model)
    subject = _Subject(model, seed)
    checks: tuple[tuple[str, Callable[[_Subject], CheckResult], bool], ...] = (
        ("spec", _spec, True),
        ("shapes", _shapes, True),
        ("finite", _finite, True),
        ("dtype", _dtype, True),
        ("determinism", _determinism, True),
        ("batch invariance", _batch_invariance, True),
        ("clip order", _clip_order, True),
        ("causality", _causality, True),
        ("legal windows", _legal_windows, True),
        ("weights", lambda subject: _weights(subject, before), True),
        ("context dependence", _context_dependence, False),
        ("outcome dependence", _outcome_dependence, False),
    )
    results: list[CheckResult] = []
    raised: dict[str, str] = {}
    for name, check, required in checks:
        try:
            with torch.inference_mode(), torch.random.fork_rng(devices=[]):
                results.append(check(subject))
        except FOREIGN_ERRORS as error:
            told = describe(error)
            # One fault ends many checks; it is told once.
            message = f"ended as {raised[told]!r} did" if told in raised else f"raised {told}"
            raised.setdefault(told, name)
            results.append(CheckResult(name, False, message, required=required))
    return results


def failures(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The required checks that failed; an adapter conforms when there are none."""
    return [result for result in results if result.required and not result.passed]


class _Subject:
    """A model and the noise that it is shown, in the window and the middle context of its own protocol."""

    def __init__(self, model: Predictor, seed: int) -> None:
        self.model = model
        self.spec: PredictorSpec = model.spec
        self.window = model.spec.protocol.window
        self.context = model.spec.protocol.headline_context
        self._seed = seed

    def frames(self, clips: int, n_frames: int, stream: int = 0) -> Tensor:
        """Normalised noise [clips, n_frames, 3, H, W] on the device; another `stream` is another draw."""
        generator = torch.Generator().manual_seed(1000 * self._seed + stream)
        pixels = torch.rand((clips, n_frames, 3, *self.spec.size), generator=generator) * 255
        return normalise(pixels, self.spec.mean, self.spec.std).to(self.model.device)

    def expected(self, context: Tensor, n_frames: int | None = None) -> dict[str, Tensor]:
        """Predictions, from a copy, so that the frames behind a view cannot be reached either."""
        return self.model.predict(context.clone(), n_frames or self.window)

    def surprise(self, windows: Tensor) -> dict[str, Tensor]:
        """stream -> [B], as the engine computes it."""
        happened, expected = self.model.targets(windows), self.expected(windows[:, : self.context])
        return {
            stream: (expected[stream] - happened[stream][:, -expected[stream].shape[1] :]).abs().mean((1, 2))
            for stream in expected
        }


def _spec(subject: _Subject) -> CheckResult:
    """The default protocol is one that the model takes, and sizes are whole numbers above 0."""
    spec = subject.spec
    check_windows(spec, spec.protocol)
    good = all(side > 0 for side in spec.size) and min(spec.std) > 0 and len(spec.mean) == len(spec.std) == 3
    return CheckResult("spec", good, f"size {spec.size}, mean {spec.mean}, std {spec.std}, {spec.protocol}")


def _shapes(subject: _Subject) -> CheckResult:
    """targets is [B, N, D] with N of the grid, predict [B, n, D] with the n that are to come at most; both
    have every stream.
    """
    frames = subject.frames(2, subject.window)
    happened, expected = subject.model.targets(frames), subject.expected(frames[:, : subject.context])
    grid = subject.model.grid(subject.window)
    for name, output in (("targets", happened), ("predict", expected)):
        if set(output) != set(subject.spec.streams):
            return CheckResult(
                "shapes", False, f"{name} has the streams {sorted(output)}, spec {subject.spec.streams}"
            )
    for stream in subject.spec.streams:
        full, part = tuple(happened[stream].shape), tuple(expected[stream].shape)
        if len(full) != 3 or full[:2] != (2, prod(grid)):
            return CheckResult(
                "shapes", False, f"targets[{stream!r}] is {full}; grid {grid} has {prod(grid)}"
            )
        if len(part) != 3 or part[0] != 2 or part[2] != full[2] or not 1 <= part[1] <= full[1]:
            return CheckResult("shapes", False, f"predict[{stream!r}] is {part}, targets {full}")
        if part[1] > (most := future_tokens(grid, subject.context, subject.window)):
            message = (
                f"predict[{stream!r}] is {part}; of {subject.window} frames {subject.context} are context, "
                f"after which only {most} tokens of grid {grid} are to come"
            )
            return CheckResult("shapes", False, message)
    counts = {stream: (*happened[stream].shape[1:], expected[stream].shape[1]) for stream in happened}
    text = ", ".join(f"{s}: {n} of {full} tokens x {d}" for s, (full, d, n) in counts.items())
    return CheckResult("shapes", True, f"grid {grid}; {text}")


def _finite(subject: _Subject) -> CheckResult:
    """No NaN and no infinity; noise and a black clip are both frames that may occur."""
    noise = subject.frames(1, subject.window)
    black = normalise(
        torch.zeros(1, subject.window, 3, *subject.spec.size), subject.spec.mean, subject.spec.std
    )
    bad = 0
    for frames in (noise, black.to(subject.model.device)):
        outputs = (subject.model.targets(frames), subject.expected(frames[:, : subject.context]))
        bad += sum(int((~torch.isfinite(v)).sum()) for output in outputs for v in output.values())
    return CheckResult("finite", bad == 0, f"{bad} values are NaN or infinite", bad, 0)


def _dtype(subject: _Subject) -> CheckResult:
    """Outputs are float32 on the model's device, and the spec says what was computed in."""
    frames = subject.frames(1, subject.window)
    outputs = [
        *subject.model.targets(frames).values(),
        *subject.expected(frames[:, : subject.context]).values(),
    ]
    found = sorted({f"{v.dtype} on {v.device.type}".removeprefix("torch.") for v in outputs})
    stated = subject.spec.details.get("dtype")
    if found != [f"float32 on {subject.model.device.type}"]:
        return CheckResult("dtype", False, f"outputs are {', '.join(found)}; return float32 on `device`")
    if stated not in BATCH_LIMITS:
        message = f"spec.details['dtype'] is {stated!r}; state it (details=placement.details())"
        return CheckResult("dtype", False, message)
    return CheckResult("dtype", True, f"float32 out, computed in {stated}")


def _determinism(subject: _Subject) -> CheckResult:
    """The same frames again, with another global random state and other frames seen between."""
    frames = subject.frames(1, subject.window)
    torch.manual_seed(1)
    first = subject.surprise(frames)
    subject.surprise(subject.frames(1, subject.window, stream=1))
    torch.manual_seed(2)
    difference = _largest(first, subject.surprise(frames))
    return _measured("determinism", difference, REPEAT_LIMIT, "the same frames twice")


def _batch_invariance(subject: _Subject) -> CheckResult:
    """Three clips together, and each alone."""
    frames = subject.frames(3, subject.window)
    together = subject.surprise(frames)
    alone = [subject.surprise(frames[i : i + 1]) for i in range(3)]
    joined = {stream: torch.cat([one[stream] for one in alone]) for stream in together}
    limit = _batch_limit(subject)
    return _measured("batch invariance", _largest(together, joined), limit, "3 clips together and alone")


def _clip_order(subject: _Subject) -> CheckResult:
    """Three clips, and the same in reverse: each keeps its surprise."""
    frames = subject.frames(3, subject.window)
    reverse = {stream: value.flip(0) for stream, value in subject.surprise(frames.flip(0)).items()}
    difference = _largest(subject.surprise(frames), reverse)
    return _measured("clip order", difference, _batch_limit(subject), "3 clips, and in reverse order")


def _causality(subject: _Subject) -> CheckResult:
    """Predictions from one context, before and after targets of windows with other futures were asked for."""
    context = subject.frames(1, subject.context)
    differences = []
    before = subject.expected(context)
    for stream in (1, 2):
        future = subject.frames(1, subject.window - subject.context, stream)
        subject.model.targets(torch.cat([context, future], dim=1))
        differences.append(_largest(before, subject.expected(context)))
    what = "predictions before and after `targets` saw other futures"
    return _measured("causality", _nan_max(differences), REPEAT_LIMIT, what)


def _legal_windows(subject: _Subject) -> CheckResult:
    """The shortest legal window runs, and its grid has the tokens that targets returns."""
    spec = subject.spec
    context = spec.context_multiple
    legal = [n for n in range(context + 1, subject.window + 1) if spec.window_is_legal(n)]
    if not legal:
        return CheckResult("legal windows", False, f"no window up to {subject.window} is legal")
    shortest = legal[0]
    frames = subject.frames(1, shortest)
    tokens = {len(value[0]) for value in subject.model.targets(frames).values()}
    # Two frames or more, where the window has them: some models need a motion to continue.
    subject.expected(frames[:, : max(context, min(2, shortest - 1))], shortest)
    grid = subject.model.grid(shortest)
    message = f"a window of {shortest} frames has {sorted(tokens)} tokens; grid {grid} has {prod(grid)}"
    return CheckResult("legal windows", tokens == {prod(grid)}, message)


def _weights(subject: _Subject, before: dict[str, str]) -> CheckResult:
    """Networks are in evaluation mode, and nothing that was asked changed their weights."""
    if training := in_training(subject.model):
        return CheckResult("weights", False, f"not in evaluation mode: {', '.join(training)}; call .eval()")
    after = weights_of(subject.model)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    if changed:
        return CheckResult("weights", False, f"the weights of {', '.join(changed)} changed during the checks")
    return CheckResult("weights", True, f"{counted(len(after), 'network')}, unchanged, in evaluation mode")


def _context_dependence(subject: _Subject) -> CheckResult:
    """Advice: two contexts lead to two predictions."""
    first, second = (subject.expected(subject.frames(1, subject.context, stream)) for stream in (0, 1))
    difference = _largest(first, second)
    message = f"predictions from two contexts differ by up to {difference:.3g}"
    return CheckResult("context dependence", difference > 0, message, difference, required=False)


def _outcome_dependence(subject: _Subject) -> CheckResult:
    """Advice: two futures after one context are told apart."""
    context = subject.frames(1, subject.context)
    futures = (subject.frames(1, subject.window - subject.context, stream) for stream in (1, 2))
    first, second = (subject.surprise(torch.cat([context, future], dim=1)) for future in futures)
    difference = _largest(first, second)
    message = f"the surprise of two futures differs by {difference:.3g}"
    return CheckResult("outcome dependence", difference > 0, message, difference, required=False)


def _batch_limit(subject: _Subject) -> float:
    return BATCH_LIMITS.get(str(subject.spec.details.get("dtype")), BATCH_LIMITS["float32"])


def _measured(name: str, difference: float, limit: float, what: str) -> CheckResult:
    message = f"{what}: the largest difference is {difference:.3g}, allowed is {limit:.3g}"
    return CheckResult(name, difference <= limit, message, difference, limit)


def _largest(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Largest absolute difference over streams, relative where values exceed 1."""
    return _nan_max(
        float(((first[stream] - second[stream]).abs() / first[stream].abs().clamp(min=1.0)).max())
        for stream in first
    )


def _nan_max(values: Iterable[float]) -> float:
    """The largest value, or NaN where one is: a NaN is within no limit."""
    return float(torch.tensor(list(values)).max())
