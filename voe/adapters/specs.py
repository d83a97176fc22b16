"""Model specs as text: `family:reference[,key=value...]`, or a bare name such as `copy-last-frame`.

A value that holds a comma stands in double quotes: `vjepa:"runs/a,b.pt",heads=4`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from voe.errors import ModelError, did_you_mean

_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")


@dataclass(frozen=True)
class ModelSpec:
    """A parsed model spec.

    `family` is what stands before the first colon ('vjepa2', 'copy-last-frame', 'my_package.my_module'),
    `reference` what follows it ('' for a bare name), `options` the key=value pairs as text.
    """

    text: str
    family: str
    reference: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def only(self, *known: str) -> None:
        """Refuse options that nobody reads.

        Raises:
            ModelError: an option outside `known`; the message names the nearest one.
        """
        for key in self.options:
            if key not in known:
                listed = ", ".join(known) if known else "it has none"
                near = did_you_mean(key, known)
                raise ModelError(f"model {self.text!r}: unknown option {key!r}.{near} Options: {listed}")

    def string(self, key: str, default: str, choices: tuple[str, ...] = ()) -> str:
        """An option as text, from `choices` where some are given."""
        value = self.options.get(key, default)
        if choices and value not in choices:
            raise ModelError(f"model {self.text!r}: {key}={value} must be one of {', '.join(choices)}")
        return value

    def integer(self, key: str, default: int | None = None, minimum: int = 0) -> int | None:
        """An option as a whole number of at least `minimum`."""
        if key not in self.options:
            return default
        value = self.options[key]
        if not value.isdecimal() or int(value) < minimum:
            raise ModelError(
                f"model {self.text!r}: {key}={value} must be a whole number of at least {minimum}"
            )
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """An option as true or false."""
        value = self.options.get(key, str(default)).lower()
        if value not in (*_TRUE, *_FALSE):
            raise ModelError(f"model {self.text!r}: {key}={value} must be true or false")
        return value in _TRUE

    def with_options(self, **changes: object) -> ModelSpec:
        """The same spec with further or other options, and a text that says so."""
        options = {**self.options, **{key: str(value) for key, value in changes.items()}}
        head = f"{self.family}:{_quoted(self.reference)}" if self.reference else self.family
        text = ",".join([head, *(f"{key}={_quoted(value)}" for key, value in options.items())])
        return ModelSpec(text, self.family, self.reference, options)


def _quoted(value: str) -> str:
    return f'"{value}"' if "," in value else value


def parse_spec(text: str) -> ModelSpec:
    """Parse a model spec; nothing is loaded and no file is looked at.

    Raises:
        ModelError: the text is empty, an option is not key=value, or a key occurs twice.

    >>> parse_spec("untrained:vjepa2-tiny,seed=3")
    ModelSpec(text='untrained:vjepa2-tiny,seed=3', family='untrained', reference='vjepa2-tiny',
              options={'seed': '3'})
    """
    # A quote may open after the colon or after an equals sign; csv knows it only at the start of a cell.
    moved = re.sub(r'(^|,)([^,"]*?[:=])"', r'\1"\2', text.strip())
    head, *cells = next(csv.reader([moved], strict=False), None) or [""]
    family, _, reference = head.partition(":")
    if not family:
        raise ModelError(
            f"model {text!r}: a model is family:reference[,key=value], such as "
            "vjepa2:facebook/vjepa2-vitl-fpc64-256, or a name such as copy-last-frame"
        )
    options: dict[str, str] = {}
    for cell in cells:
        key, equals, value = cell.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ModelError(
                f"model {text!r}: {cell!r} is not key=value; put a value that holds a comma in double quotes"
            )
        if key in options:
            raise ModelError(f"model {text!r}: the option {key!r} is given twice")
        options[key] = value.strip()
    return ModelSpec(text.strip(), family.strip(), reference.strip(), options)
