"""`openai:` models behind an OpenAI-compatible server as judges, through the official client.

Keys come from the environment and appear in no file, message or log. Answers are kept by content, so that a
repeated run sends nothing. Whatever a server does, a question ends as an answer: what failed says why.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final
from urllib.parse import urlsplit

from voe.adapters.answer_cache import AnswerCache
from voe.adapters.judge import Answer, Estimate, Judge, JudgeSpec, Question
from voe.adapters.messages import to_answer
from voe.adapters.openai_messages import (
    TOP_LOGPROBS,
    choice_logs,
    content_of,
    first_top_logprobs,
    request_digest,
)
from voe.adapters.placement import Placement
from voe.adapters.specs import ModelSpec
from voe.errors import ModelError

OPTIONS: Final = (
    "url", "key_env", "parts", "concurrency", "timeout", "retries", "max_tokens", "size", "max_frames",
    "price_in", "price_out", "budget", "cache",
)  # fmt: skip
_HOPELESS_IN_A_ROW: Final = 20
_TEXT: Final = 20_000
"""Characters of an answer that are read."""
_PIXELS_A_TOKEN: Final = 750
_CHARACTERS_A_TOKEN: Final = 4
_MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError)
"""What reading a reply of the wrong shape raises."""
# What is left out, in turn, for servers that refuse a request because of it.
_LADDER: Final = ((), ("logprobs",), ("logprobs", "max_tokens"), ("logprobs", "max_tokens", "sampling"))


def from_spec(spec: ModelSpec, placement: Placement) -> OpenAIServer:
    """`openai:MODEL[,url=http://host/v1]`.

    Options: `key_env=` name of the environment variable with the key (OPENAI_API_KEY); `parts=` images
    (default) or video; `concurrency=` requests at a time (4); `timeout=` seconds (60); `retries=` on 429, 5xx
    and broken connections (4); `max_tokens=` of an answer (16); `size=` longer side of a frame (512);
    `max_frames=` of a clip (16); `price_in=`, `price_out=` per million tokens; `budget=` requests at most;
    `cache=` on (default) or off.

    Raises:
        ModelError: an unknown option, the `openai` package or the key is missing, or a URL that holds a
            password or a query.
    """
    spec.only(*OPTIONS)
    if not spec.reference:
        raise ModelError(f"model {spec.text!r}: name the model, such as openai:gpt-4o-mini")
    try:
        import openai
    except ImportError as error:
        raise ModelError(
            f'model {spec.text!r}: the official client is not installed: pip install "voe-toolkit[openai]"'
        ) from error
    url = _checked_url(spec)
    variable = spec.string("key_env", "OPENAI_API_KEY")
    key = os.environ.get(variable, "")
    if not key and url is None:
        raise ModelError(
            f"model {spec.text!r}: put the key into the environment variable {variable}, or name a server of "
            "your own with url="
        )
    client = openai.OpenAI(
        api_key=key or "none",
        base_url=url,
        timeout=_positive(spec, "timeout", 60.0),
        max_retries=0,  # retried here, where it is counted
        http_client=openai.DefaultHttpxClient(follow_redirects=False),
    )
    return OpenAIServer(spec, client, key, url)


def _checked_url(spec: ModelSpec) -> str | None:
    if (url := spec.options.get("url")) is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelError(f"model {spec.text!r}: url= must be such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ModelError(
            f"model 'openai:{spec.reference}': url= may hold no user, password or query, since it is written "
            "into the run; put the key into an environment variable (key_env=)"
        )
    return url


def _positive(spec: ModelSpec, name: str, default: float) -> float:
    text = spec.options.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise ModelError(f"model {spec.text!r}: {name}={text} must be a positive number")
    return value


class OpenAIServer(Judge):
    """Asks over HTTP, several questions at a time."""

    def __init__(self, spec: ModelSpec, client: Any, key: str, url: str | None) -> None:
        self.client, self._key = client, key
        parts = spec.string("parts", "images", ("images", "video"))
        self.parts: Any = parts
        self.workers = spec.integer("concurrency", 4, minimum=1) or 4
        self.retries = spec.integer("retries", 4) or 0
        self.max_tokens = spec.integer("max_tokens", 16, minimum=1) or 16
        self.budget = spec.integer("budget", None, minimum=1)
        prices = [
            float(_positive(spec, p, 0.0)) if p in spec.options else None for p in ("price_in", "price_out")
        ]
        self.prices = None if None in prices else (prices[0] or 0.0, prices[1] or 0.0)
        self.cache = (
            AnswerCache.shared() if spec.string("cache", "on", ("on", "off")) == "on" else AnswerCache(None)
        )
        self._sent, self._rung, self._lock = 0, 0, threading.Lock()
        self._settings: Mapping[str, object] = {
            "model": spec.reference, "url": url or "the provider's", "parts": parts,
            "max_tokens": self.max_tokens,
        }  # fmt: skip
        self.spec = JudgeSpec(
            name=spec.text,
            family="openai",
            snapshot=spec.reference if any(c.isdigit() for c in spec.reference.split("-")[-1]) else "",
            max_frames=spec.integer("max_frames", 16, minimum=1) or 16,
            size=spec.integer("size", 512, minimum=1),
            details={**self._settings, "price_in": prices[0], "price_out": prices[1]},
        )

    def ask(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """Known answers first, then those of the server as they come.

        Raises:
            ModelError: the server refuses the key or does not know the model.
        """
        todo = []
        for question in questions:
            digest = request_digest(question, self._settings)
            known = self.cache.find(digest, question.id)
            if known is not None:
                yield known
            else:
                todo.append((question, digest))
        yield from self._ask_server(todo)

    def _ask_server(self, todo: Sequence[tuple[Question, str]]) -> Iterator[Answer]:
        failures, waiting = 0, list(reversed(todo))
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="ask")
        running: dict[Future[Answer], str] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    question, digest = waiting.pop()
                    if (refusal := self._why_not(failures)) is not None:
                        yield Answer(question.id, "failed", reason=f"not asked: {refusal}")
                        continue
                    running[pool.submit(self._one, question)] = digest
                done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), set())
                for future in done:
                    digest = running.pop(future)
                    answer = future.result()
                    failures = failures + 1 if answer.status == "failed" else 0
                    self.cache.keep(digest, answer)
                    yield answer
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _why_not(self, failures: int) -> str | None:
        if failures >= _HOPELESS_IN_A_ROW:
            return f"{failures} questions in a row failed"
        if self.budget is not None and self._sent >= self.budget:
            return f"the budget of {self.budget} requests is spent"
        return None

    def _one(self, question: Question) -> Answer:
        """One question, retried where that can help."""
        import openai

        content = content_of(question, self.parts)
        reason = ""
        for attempt in range(self.retries + 1):
            try:
                return self._reply(question, content)
            except ModelError:
                raise
            except (openai.OpenAIError, OSError, *_MALFORMED) as error:
                pause = self._pause(error, attempt)
                reason = self._safe(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
                if pause is None or attempt == self.retries:
                    break
                time.sleep(pause)
        return Answer(question.id, "failed", reason=reason)

    def _reply(self, question: Question, content: list[dict[str, Any]]) -> Answer:
        """One request; a request that is refused for its form is sent again in a plainer one."""
        import openai

        while True:
            rung = self._rung
            with self._lock:
                self._sent += 1
            try:
                reply = self.client.chat.completions.create(**self._request(question, content, rung))
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                if rung + 1 >= len(_LADDER):
                    raise
                self._rung = max(self._rung, rung + 1)
                continue
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise ModelError(
                    f"model {self.spec.name!r}: the server refuses: {self._safe(str(error))[:300]}; check "
                    "the key's environment variable, the model's name and url="
                ) from None
            return self._answer(question, reply)

    def _request(self, question: Question, content: list[dict[str, Any]], rung: int) -> dict[str, Any]:
        left_out = _LADDER[rung]
        asked: dict[str, Any] = {
            "model": self._settings["model"],
            "messages": [{"role": "user", "content": content}],
        }
        if "sampling" not in left_out:
            asked |= {"temperature": 0, "seed": question.seed}
        asked["max_completion_tokens" if "max_tokens" in left_out else "max_tokens"] = self.max_tokens
        if "logprobs" not in left_out and question.choices:
            asked |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        return asked

    def _answer(self, question: Question, reply: Any) -> Answer:
        choices = getattr(reply, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise ValueError("the server's reply holds no choice")
        text = getattr(getattr(choices[0], "message", None), "content", None)
        if text is not None and not isinstance(text, str):
            raise ValueError(f"the server's reply holds a {type(text).__name__} where its text should be")
        logs = choice_logs(question.choices, first_top_logprobs(choices[0])) if question.choices else None
        usage = getattr(reply, "usage", None)
        counts = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
        tokens = [n if isinstance(n, int) and n >= 0 else None for n in counts]
        return to_answer(question, self._safe(text or "")[:_TEXT], logs, tokens[0], tokens[1])

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Seconds until the next try; None where none can help."""
        import openai

        if isinstance(error, openai.APIStatusError):
            if error.status_code != 429 and error.status_code < 500:
                return None
            stated = error.response.headers.get("retry-after", "")
            if stated.replace(".", "", 1).isdecimal():
                return min(float(stated), 60.0)
        backoff = min(0.5 * 2**attempt, 30.0)
        return float(backoff * random.uniform(0.5, 1.0))

    def _safe(self, text: str) -> str:
        """The text without the key, should a server send it back."""
        return text.replace(self._key, "[key]") if self._key else text

    def estimate(self, questions: Sequence[Question]) -> Estimate:
        """What would be sent; tokens from lengths and pixels, about."""
        known = [q for q in questions if self.cache.find(request_digest(q, self._settings), q.id) is not None]
        todo = [q for q in questions if q not in known]
        clips = [clip for question in todo for clip in question.clips]
        images = sum(len(clip.frames) for clip in clips)
        size = sum(
            len(part["image_url"]["url"])
            for q in todo
            for part in content_of(q, "images")
            if "image_url" in part
        )
        pixels = sum(clip.frames.shape[0] * clip.frames.shape[1] * clip.frames.shape[2] for clip in clips)
        words = sum(len(q.prompt) for q in todo)
        tokens_in = round(words / _CHARACTERS_A_TOKEN + pixels / _PIXELS_A_TOKEN)
        tokens_out = self.max_tokens * len(todo)
        cost = None if self.prices is None else (
            (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6
        )  # fmt: skip
        sample = "" if not todo else f"the first: {_described(todo[0], self.parts)}"
        return Estimate(len(todo), len(known), images, size, tokens_in, tokens_out, cost, sample)


def _described(question: Question, parts: str) -> str:
    """A question as text, its clips described."""
    told = []
    for clip in question.clips:
        t, height, width, _ = clip.frames.shape
        told.append(
            f"[{t} {parts} of {width} x {height}]" if parts == "images" else f"[a video of {t} frames]"
        )
    return " ".join([*told, question.prompt])
