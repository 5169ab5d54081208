"""A page of a PDF or scan as a PNG image, made in a confined child process and kept on disk."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings

from kb.models import DocumentVersion
from kb.storage import storage

WIDTH = 1_200
WIDEST = 2_400
RENDER_SECONDS = 30
KEPT_BYTES = 512 << 20
"""About so much is kept; what was not asked for longest goes first."""
_ROOT = Path(__file__).resolve().parents[1]


class NoPageImage(LookupError):
    """There is no such page, or it cannot be shown as an image."""


def has_page_images(version: DocumentVersion) -> bool:
    """Whether the version's pages can be shown as images: PDFs and pictures."""
    return version.media_type == "application/pdf" or version.media_type.startswith("image/")


def page_image(version: DocumentVersion, number: int, width: int = WIDTH) -> bytes:
    """Page `number` (from 1) as a PNG, `width` pixels wide; a picture is never made larger than it is.

    Raises:
        NoPageImage: when there is no such page or it cannot be drawn.
        BlobMissing: when the file is no longer kept.
    """
    if not has_page_images(version) or number < 1:
        raise NoPageImage(number)
    width = max(100, min(width, WIDEST))
    kept = settings.VAR_DIR / "page-images" / version.sha256[:2] / f"{version.sha256[2:]}-{number}-{width}.png"
    try:
        image = bytes(kept.read_bytes())
        os.utime(kept)
        return image
    except FileNotFoundError:
        pass
    with storage().local_path(version.sha256) as path:
        image = _rendered(path, "pdf" if version.media_type == "application/pdf" else "image", number, width)
    _keep(kept, image)
    return image


def _rendered(path: Path, kind: str, number: int, width: int) -> bytes:
    """What the child process draws. It gets no environment of ours, and no way to the network."""
    command = [sys.executable, "-m", "kb.page_renderer", str(path.resolve()), kind, str(number), str(width)]
    environment = {"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            timeout=RENDER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoPageImage(number) from error
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise NoPageImage(number)
    return done.stdout


def _keep(path: Path, image: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as copy:
        copy.write(image)
    os.replace(copy.name, path)


def forget_images(bound: int = KEPT_BYTES) -> int:
    """Delete the images that were not asked for longest until at most `bound` bytes are kept; return how many."""
    files = [(file.stat(), file) for file in (settings.VAR_DIR / "page-images").glob("??/*")]
    total, deleted = sum(stat.st_size for stat, _ in files), 0
    for stat, file in sorted(files, key=lambda entry: entry[0].st_mtime):
        if total <= bound:
            break
        file.unlink(missing_ok=True)
        total -= stat.st_size
        deleted += 1
    return deleted
