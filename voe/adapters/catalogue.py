"""What `voe models` lists: families with presets, parameters, licences and memory, and installed plugins."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from voe.adapters.load import load_plugin, package_of, plugins, unused_plugins
from voe.errors import ModelError


class PluginWarning(UserWarning):
    """An installed plugin cannot be used; everything else can."""


@dataclass(frozen=True)
class Preset:
    """A published or built-in model: the spec to write, its parameters, and float32 weights in GB.

    Parameters count every network that is loaded, so a separate target encoder counts too. Memory for
    activations comes on top; it grows with batch, window and size.
    """

    spec: str
    parameters: int

    @property
    def weights_gb(self) -> float:
        """Four bytes a parameter, in GB."""
        return 4 * self.parameters / 1e9


@dataclass(frozen=True)
class FamilyInfo:
    """One family of models: what stands before the colon of a spec, and what it stands for.

    `spec` is the form of a spec, `licence` that of the published weights (not of voe), `origin` 'built in'
    or the package of a plugin.
    """

    family: str
    what: str
    spec: str
    licence: str
    presets: tuple[Preset, ...] = ()
    origin: str = "built in"


BUILT_IN_FAMILIES = (
    FamilyInfo(
        "vjepa",
        "V-JEPA: features of masked tubelets (original checkpoints, and the rotary ones)",
        "vjepa:PATH.pth.tar[,heads=N][,normalize_targets=false][,normalize_context=true][,size=N]",
        "CC BY-NC 4.0",
        (
            Preset("vjepa:vitl16.pth.tar", 629_853_568),
            Preset("vjepa:vith16.pth.tar", 1_285_575_808),
            Preset("vjepa:vith16-384.pth.tar", 1_285_575_808),
        ),
    ),
    FamilyInfo(
        "vjepa2",
        "V-JEPA 2: features of masked tubelets (transformers, or .pt files with their target encoder)",
        "vjepa2:FOLDER|HUB_ID|FILE.pt[,targets=layernorm|raw][,mask_token=N][,size=N][,attn=sdpa|eager]",
        "MIT",
        (
            Preset("vjepa2:tiny-vjepa2", 1_709_152),
            Preset("vjepa2:facebook/vjepa2-vitl-fpc64-256", 325_971_328),
            Preset("vjepa2:facebook/vjepa2-vith-fpc64-256", 653_930_880),
            Preset("vjepa2:facebook/vjepa2-vitg-fpc64-256", 1_034_555_264),
            Preset("vjepa2:facebook/vjepa2-vitg-fpc64-384", 1_034_555_264),
        ),
    ),
    FamilyInfo(
        "videomae",
        "VideoMAE and VideoMAEv2: pixels of masked tubelets, normalised by patch",
        "videomae:FOLDER|HUB_ID|FILE.pth[,heads=N,decoder_heads=N][,reference_zeroed=true][,size=N]",
        "CC BY-NC 4.0",
        (
            Preset("videomae:tiny-videomae", 2_029_856),
            Preset("videomae:MCG-NJU/videomae-base", 94_210_944),
            Preset("videomae:MCG-NJU/videomae-large", 342_996_992),
            Preset("videomae:vit_g_hybrid_pt_1200e.pth", 1_025_543_960),
        ),
    ),
    FamilyInfo(
        "untrained",
        "Random weights, the second yardstick beside 50 %",
        "untrained:vjepa2-tiny|videomae-tiny|FOLDER[,seed=N]",
        "none needed",
        (Preset("untrained:vjepa2-tiny", 1_463_392), Preset("untrained:videomae-tiny", 1_597_856)),
    ),
    FamilyInfo(
        "copy-last-frame",
        "Expects that nothing moves",
        "copy-last-frame[,size=N]",
        "none needed",
    ),
    FamilyInfo(
        "linear-extrapolation",
        "Expects every pixel to go on changing as it did",
        "linear-extrapolation[,size=N]",
        "none needed",
    ),
    FamilyInfo(
        "random",
        "Expects nothing: a fair coin for each quadruplet",
        "random[,seed=N][,size=N]",
        "none needed",
    ),
    FamilyInfo(
        "mllm",
        "Multimodal language models of transformers, asked in words",
        "mllm:FOLDER|HUB_ID[,frames=video|images][,answers=logits|text][,size=N][,max_frames=N]",
        "the model's own",
    ),
    FamilyInfo(
        "openai",
        "Models behind an OpenAI-compatible server, asked in words",
        "openai:MODEL[,url=http://host/v1][,key_env=NAME][,price_in=X,price_out=Y][,budget=N]",
        "the provider's terms",
    ),
    FamilyInfo(
        "clip",
        "Contrastive models (CLIP, SigLIP, X-CLIP): captions of the possible and the impossible event",
        "clip:FOLDER|HUB_ID[,max_frames=N]",
        "the model's own",
    ),
    FamilyInfo(
        "planted",
        "Judges with known answers, to see that what is counted comes out as it must",
        "planted:perfect|reversed|always-yes|always-first|coin|refuses[,seed=N][,logprobs=false]",
        "none needed",
    ),
)


def families() -> list[FamilyInfo]:
    """Built-in families, then installed plugins by name.

    A plugin that cannot be loaded, or whose name is taken, is left out with a `PluginWarning` that names it
    and the cause.
    """
    found = list(BUILT_IN_FAMILIES)
    for point in unused_plugins():
        message = f"plugin {point.name!r} of {package_of(point)} is not used: that family exists already"
        warnings.warn(message, PluginWarning, stacklevel=2)
    for _, point in sorted(plugins().items()):
        try:
            found.append(_plugin_info(point))
        except ModelError as error:
            warnings.warn(str(error), PluginWarning, stacklevel=2)
    return found


def _plugin_info(point: EntryPoint) -> FamilyInfo:
    """What a plugin says of itself: the first line of its factory's docstring, and its package's licence."""
    factory = load_plugin(point)
    what = (factory.__doc__ or "").strip().partition("\n")[0] or "(its factory has no docstring)"
    licence, origin = "not stated", "a plugin"
    if point.dist is not None:
        metadata = point.dist.metadata
        licence = next((metadata[k] for k in ("License-Expression", "License") if k in metadata), licence)
        origin = f"{package_of(point)} {point.dist.version}"
    return FamilyInfo(point.name, what, f"{point.name}[:REFERENCE]", licence, origin=origin)
