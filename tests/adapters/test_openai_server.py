"""`openai:` against servers on loopback: good ones, one without logprobs, hostile ones; no key anywhere."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from voe.adapters.judge import Answer, Question, ShownClip
from voe.adapters.load import load_any
from voe.adapters.openai_messages import choice_logs, content_of, request_digest
from voe.adapters.openai_server import OpenAIServer
from voe.cli.main import cli
from voe.errors import ModelError
from voe.judging.asking import ask
from voe.judging.plan import Asking
from voe.loaders.load import load_stimuli
from voe.miniature.work import first_scenes

pytest.importorskip("openai", reason="the openai client is not installed")
KEY = "sk-very-secret-0123456789"
Reply = Callable[["Handler", dict[str, Any]], None]


def chat(text: str | None, top: object = None, **more: object) -> dict[str, Any]:
    """A reply in the chat-completions format."""
    logprobs = None if top is None else {"content": [{"token": "x", "logprob": -1.0, "top_logprobs": top}]}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text},
              "logprobs": logprobs}  # fmt: skip
    usage = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
            "usage": usage, **more}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Counts requests, and leaves the reply to the test."""

    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.reply(self, body)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, content: object, status: int = 200, **headers: str) -> None:
        self.send(status, json.dumps(content).encode(), **headers)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply, self.lock = reply, threading.Lock()
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Reply], Server]]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("VOE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("voe.adapters.openai_server.time.sleep", lambda seconds: None)
    servers = []

    def start(reply: Reply) -> Server:
        server = Server(reply)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def judge(server: Server, **options: object) -> OpenAIServer:
    text = ",".join(f"{key}={value}" for key, value in {"url": server.url, **options}.items())
    made = load_any(f"openai:model-x,{text}")
    assert isinstance(made, OpenAIServer)
    return made


def question(number: int = 0, **changes: Any) -> Question:
    frames = np.random.default_rng(number).integers(0, 256, (3, 8, 10, 3), dtype=np.uint8)
    clip = ShownClip(f"c{number}", frames, 2.0, (0, 1, 2))
    return replace(Question(f"q{number}", "rate", "Could it happen?", ("yes", "no"), (clip,)), **changes)


def test_images_go_out_and_logprobs_come_back(serve: Callable[[Reply], Server]) -> None:
    top = [{"token": "Yes", "logprob": -0.2231}, {"token": " no", "logprob": -1.6094}]
    server = serve(lambda handler, body: handler.json(chat("Yes", top)))
    (answer,) = judge(server).ask([question()])
    assert answer.status == "answered" and answer.word == "yes" and answer.probabilities is not None
    assert answer.probabilities["yes"] == pytest.approx(0.8, abs=1e-3)
    assert answer.mass == pytest.approx(1.0, abs=1e-3) and (answer.tokens_in, answer.tokens_out) == (100, 1)
    headers, body = server.seen[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body["logprobs"] is True and body["top_logprobs"] == 20 and body["temperature"] == 0
    kinds = [part["type"] for part in body["messages"][0]["content"]]
    assert kinds == ["image_url"] * 3 + ["text"]
    url = body["messages"][0]["content"][0]["image_url"]["url"]
    assert url.startswith("data:image/png;base64,")


def test_a_server_without_logprobs_still_gives_parsed_answers(serve: Callable[[Reply], Server]) -> None:
    def reply(handler: Handler, body: dict[str, Any]) -> None:
        if "logprobs" in body:
            handler.json({"error": {"message": "logprobs are not supported"}}, 400)
        else:
            handler.json(chat("No."))

    server = serve(reply)
    answers = list(judge(server, concurrency=1).ask([question(0), question(1)]))
    assert [(a.status, a.word, a.probabilities) for a in answers] == [("answered", "no", None)] * 2
    assert ["logprobs" in body for _, body in server.seen] == [True, False, False]  # learnt once


def test_a_repeated_run_sends_nothing(serve: Callable[[Reply], Server]) -> None:
    server = serve(lambda handler, body: handler.json(chat("yes")))
    first = list(judge(server).ask([question(n) for n in range(6)]))
    assert len(server.seen) == 6
    again = list(judge(server).ask([question(n) for n in range(6)]))
    assert len(server.seen) == 6 and {a.question for a in again} == {a.question for a in first}
    list(judge(server).ask([question(0, seed=1), question(0, prompt="Other?")]))
    assert len(server.seen) == 8
    list(judge(server, cache="off").ask([question(0)]))
    assert len(server.seen) == 9


def test_retries_and_retry_after(serve: Callable[[Reply], Server], monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("voe.adapters.openai_server.time.sleep", waited.append)
    replies = iter([(429, {"retry_after": "7"}), (500, {}), (503, {})])

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        status, headers = next(replies, (200, {}))
        handler.json(chat("yes") if status == 200 else {"error": {"message": "busy"}}, status, **headers)

    (answer,) = judge(serve(reply)).ask([question()])
    assert answer.word == "yes" and waited[0] == 7.0 and 0 < waited[1] < waited[2] * 2 and len(waited) == 3


HOSTILE: dict[str, tuple[Reply, str]] = {
    "429 for ever": (lambda h, b: h.json({"error": {"message": "slow down"}}, 429), "RateLimitError"),
    "500": (lambda h, b: h.json({"error": {"message": "broken"}}, 500), "InternalServerError"),
    "hangs": (lambda h, b: print(threading.Event().wait(1.5), end=""), "APITimeoutError"),
    "half a JSON": (lambda h, b: h.send(200, json.dumps(chat("yes")).encode()[:40]), ""),
    "no JSON": (lambda h, b: h.send(200, b"<html>hello</html>", content_type="text/html"), ""),
    "closes": (lambda h, b: h.connection.close(), "APIConnectionError"),
    "no choices": (lambda h, b: h.json(chat("yes") | {"choices": []}), "holds no choice"),
    "choices are words": (lambda h, b: h.json(chat("yes") | {"choices": "yes"}), ""),
    "text is a number": (lambda h, b: h.json(chat(5)), ""),  # type: ignore[arg-type]
    "redirects": (lambda h, b: h.json({}, 307, location="http://127.0.0.1:1/v1"), ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_servers_end_as_failed_answers(serve: Callable[[Reply], Server], name: str) -> None:
    reply, words = HOSTILE[name]
    server = serve(reply)
    answers = list(judge(server, retries=1, timeout=0.4).ask([question(0), question(1)]))
    assert {a.question for a in answers} == {"q0", "q1"}
    assert all(a.status == "failed" and a.word is None and words in a.reason for a in answers), answers
    server.reply = lambda handler, body: handler.json(chat("no"))
    again = list(judge(server, timeout=5).ask([question(0), question(1)]))
    assert [a.word for a in again] == ["no", "no"]  # what failed was not kept


@pytest.mark.parametrize(
    ("text", "top", "status", "word"),
    [
        ("", None, "unparsable", None),
        (None, None, "unparsable", None),
        ("It depends. " * 400, None, "unparsable", None),
        ("y" * 10_000_000, None, "unparsable", None),
        ("I'm sorry, I can't help with that.", None, "refused", None),
        ("yes", "not a list", "answered", "yes"),
        ("yes", [{"token": 5, "logprob": "x"}, None, 7], "answered", "yes"),
        ("yes", [{"token": "no", "logprob": float("nan")}], "answered", "yes"),
        ("yes", [{"token": "yes", "logprob": 3.0}], "answered", "yes"),
    ],
)  # fmt: skip
def test_odd_answers(
    serve: Callable[[Reply], Server], text: str | None, top: object, status: str, word: str | None
) -> None:
    (answer,) = judge(serve(lambda h, b: h.json(chat(text, top))), timeout=20).ask([question()])
    assert (answer.status, answer.word, answer.probabilities) == (status, word, None)
    assert len(answer.text) <= 20_000


def test_a_refused_key_ends_the_run_and_is_not_shown(serve: Callable[[Reply], Server]) -> None:
    def reply(handler: Handler, body: dict[str, Any]) -> None:
        handler.json({"error": {"message": f"bad key {handler.headers['Authorization']}"}}, 401)

    with pytest.raises(ModelError, match="the server refuses") as raised:
        list(judge(serve(reply)).ask([question()]))
    assert KEY not in str(raised.value) and "[key]" in str(raised.value)
    assert raised.value.__cause__ is None


def test_budget_and_hopelessness(serve: Callable[[Reply], Server]) -> None:
    server = serve(lambda handler, body: handler.json(chat("yes")))
    answers = list(judge(server, budget=3, concurrency=1).ask([question(n) for n in range(5)]))
    assert [a.status for a in answers] == ["answered"] * 3 + ["failed"] * 2
    assert answers[-1].reason.startswith("not asked: the budget of 3 requests is spent")
    broken = serve(lambda handler, body: handler.json({}, 500))
    answers = list(judge(broken, retries=0, concurrency=2).ask([question(n) for n in range(40)]))
    assert len(answers) == 40 and sum(a.reason.startswith("not asked") for a in answers) >= 15


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("openai:m,url=http://user:pw@host/v1", "may hold no user, password or query"),
        ("openai:m,url=http://host/v1?key=abc", "may hold no user, password or query"),
        ("openai:m,url=host", "must be such as"),
        ("openai:m,uurl=x", "Did you mean 'url'"),
        ("openai:m,timeout=-1", "must be a positive number"),
        ("openai:m,key_env=NO_SUCH_KEY", "environment variable NO_SUCH_KEY"),
        ("openai:", "name the model"),
    ],
)
def test_bad_specs(spec: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ModelError, match=words) as raised:
        load_any(spec)
    assert "pw" not in str(raised.value) and "abc" not in str(raised.value)


def test_tokens_of_choices() -> None:
    top = [{"token": "n", "logprob": -1.0}, {"token": "", "logprob": -1.0}, {"token": "yes", "logprob": -2.0}]
    found = choice_logs(["yes", "no"], top)
    assert found == {"yes": pytest.approx(-2.0), "no": pytest.approx(-1.0)}
    assert choice_logs(["left", "lower"], [{"token": "l", "logprob": -0.1}]) is None
    assert choice_logs(["yes", "no"], [{"token": "yes", "logprob": -0.1}]) == {"yes": -0.1, "no": -0.1}


def test_what_is_sent_decides_the_digest() -> None:
    settings = {"model": "m"}
    same = request_digest(question(), settings)
    assert same == request_digest(question(id="another"), settings)
    others = [
        request_digest(question(1), settings),
        request_digest(question(prompt="x"), settings),
        request_digest(question(seed=1), settings),
        request_digest(question(), {"model": "n"}),
    ]
    assert len({same, *others}) == 5
    video = content_of(question(), "video")
    assert video[0]["type"] == "video_url" and video[0]["video_url"]["url"].startswith(
        "data:video/mp4;base64,"
    )


def test_a_whole_run_and_the_key_is_nowhere(
    serve: Callable[[Reply], Server], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Half of the requests fail at first; a second run asks only for those."""
    broken = {"on": True}

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        text = body["messages"][0]["content"][-1]["text"]
        if broken["on"] and "real stage" in text:
            handler.json({"error": {"message": f"no {handler.headers['Authorization']}"}}, 500)
        else:
            handler.json(chat("yes"))

    server = serve(reply)
    few = first_scenes(load_stimuli("builtin"), 1)
    quad = few.quadruplets[0]
    one = replace(
        few, quadruplets=(quad,), clips=tuple(c for c in few.clips if c.id in quad.clips),
        pairs=tuple(p for p in few.pairs if set(p.clips) <= set(quad.clips)),
    )  # fmt: skip
    asking = Asking(4, size=32, kinds=("rate",))
    run = ask(judge(server, retries=0), one, asking, tmp_path / "run")
    assert run.missing["rate"].failed == 8 and run.missing["rate"].answered == 20
    asked = len(server.seen)
    broken["on"] = False
    run = ask(judge(server, retries=0), one, asking, tmp_path / "run")
    assert len(server.seen) == asked + 8 and run.missing["rate"].failed == 0
    said = capfd.readouterr()
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in written and KEY not in said.out + said.err


def test_a_dry_run_sends_nothing(serve: Callable[[Reply], Server]) -> None:
    server = serve(lambda handler, body: handler.json(chat("yes")))
    spec = f"openai:model-x,url={server.url},price_in=1,price_out=2"
    done = CliRunner().invoke(cli, ["score", "--model", spec, "--ask", "rate", "--frames", "4", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert not server.seen and "would send 3,024 requests" in done.output and "cost" in done.output
    assert isinstance(Answer("q", "failed"), Answer)
