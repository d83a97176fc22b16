"""Colours against values computed with the definitions of sRGB and CIELAB, and against published ones."""

import numpy as np
import pytest

from voe.errors import CardError
from voe.worlds.colour import colour, from_lch, lightness, to_linear, to_srgb


def test_srgb_curve_at_its_published_points():
    assert to_srgb(np.array([0.0031308])) == pytest.approx(0.04045, abs=1e-5)
    assert to_linear(np.array([0.5])) == pytest.approx(0.21404, abs=1e-5)
    values = np.linspace(0, 1, 101)
    assert to_srgb(to_linear(values)) == pytest.approx(values, abs=1e-12)


def test_lab_of_the_srgb_primaries():
    # L*, C*ab, h_ab of sRGB red, green and blue under D65, as tabulated by Lindbloom.
    for lch, rgb in (
        ((53.24, 104.55, 39.999), (1, 0, 0)),
        ((87.73, 119.78, 136.016), (0, 1, 0)),
        ((32.30, 133.81, 306.285), (0, 0, 1)),
    ):
        assert from_lch(lch[0], lch[1] * 0.97, lch[2])
        assert lightness(rgb) == pytest.approx(lch[0], abs=0.02)


def test_two_hues_have_the_same_lightness():
    for hue in (30, 90, 140, 265, 320):
        assert lightness(from_lch(62, 45, hue)) == pytest.approx(62, abs=1e-4)


def test_what_srgb_cannot_show_is_refused():
    with pytest.raises(CardError, match="chroma"):
        from_lch(62, 100, 200)


def test_colour_names_and_codes():
    assert colour("#ffffff") == (1.0, 1.0, 1.0)
    assert colour("#BCBCBC")[0] == pytest.approx(0.5029, abs=1e-4)
    with pytest.raises(CardError, match="Did you mean 'teal'"):
        colour("teel")
    for bad in ("#fff", "#12345g", "+12345"):
        with pytest.raises(CardError):
            colour(bad)
