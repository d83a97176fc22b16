"""What names the very weights of a model: the commit of a hub id, or a digest of a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from voe.adapters.specs import ModelSpec

_PIECE = 1 << 20


def snapshot_of(spec: ModelSpec, config: Any) -> str:
    """`commit:...` of a hub id as transformers resolved it, or `sha256:...` over all files of a folder.

    The digest covers templates and preprocessing beside the weights, since all of them change answers.
    """
    folder = Path(spec.reference)
    if folder.is_dir():
        return f"sha256:{folder_digest(folder)}"
    commit = getattr(config, "_commit_hash", None)
    return f"commit:{commit}" if commit else ""


def folder_digest(folder: Path) -> str:
    """SHA-256 over relative paths, sizes and bytes of the files of a folder, hidden ones left out."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts):
            continue
        digest.update(f"{name.as_posix()}|{path.stat().st_size}|".encode())
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()
