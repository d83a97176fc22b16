from __future__ import annotations

import pytest

from voe.adapters.specs import ModelSpec, parse_spec
from voe.errors import ModelError


@pytest.mark.parametrize(
    ("text", "family", "reference", "options"),
    [
        ("copy-last-frame", "copy-last-frame", "", {}),
        ("random,seed=2", "random", "", {"seed": "2"}),
        ("vjepa2:facebook/vjepa2-vitl-fpc64-256", "vjepa2", "facebook/vjepa2-vitl-fpc64-256", {}),
        ('vjepa:"a, b/c.pt",heads=4', "vjepa", "a, b/c.pt", {"heads": "4"}),
        ("openai:M,url=http://host:1/v1", "openai", "M", {"url": "http://host:1/v1"}),
        ('x:C:\\w.pt,k="1,2"', "x", "C:\\w.pt", {"k": "1,2"}),
    ],
)
def test_specs_are_parsed(text: str, family: str, reference: str, options: dict[str, str]) -> None:
    spec = parse_spec(text)
    assert (spec.family, spec.reference, dict(spec.options)) == (family, reference, options)
    again = parse_spec(spec.with_options().text)
    assert (again.family, again.reference, again.options) == (family, reference, options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "family:reference"),
        (":x", "family:reference"),
        ("a:b,c", "not key=value"),
        ("a,k=1,k=2", "twice"),
    ],
)
def test_what_is_no_spec_is_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse_spec(text)


def test_options_are_read_by_type_and_unknown_ones_refused() -> None:
    spec = parse_spec("m,heads=4,flag=off,kind=raw")
    assert spec.integer("heads") == 4 and spec.integer("seed", 7) == 7
    assert spec.flag("flag", True) is False and spec.flag("other", True) is True
    assert spec.string("kind", "x", ("raw", "y")) == "raw"
    with pytest.raises(ModelError, match="Did you mean 'heads'"):
        ModelSpec("m,head=1", "m", options={"head": "1"}).only("heads", "size")
    for wrong in ("x", "-1", "1.5"):
        with pytest.raises(ModelError, match="whole number of at least 1"):
            ModelSpec("m", "m", options={"heads": wrong}).integer("heads", minimum=1)
    with pytest.raises(ModelError, match="true or false"):
        ModelSpec("m", "m", options={"flag": "maybe"}).flag("flag", True)
    with pytest.raises(ModelError, match="one of raw, y"):
        ModelSpec("m", "m", options={"kind": "z"}).string("kind", "x", ("raw", "y"))
