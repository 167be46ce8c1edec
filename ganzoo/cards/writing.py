"""Where a card is written: beside its run, as one file, or into a folder with all that a hub wants."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from ganzoo.cards.page import page_of
from ganzoo.cards.record import Record
from ganzoo.errors import StoreError, UsageError
from ganzoo.files import expanded, make_folder, write_bytes, write_text
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import write_exported
from ganzoo.training.runs import ONNX, PICTURE

README = "README.md"
_MARK = re.compile(r"<!-- ganzoo card ([0-9a-f]{12}) -->\n\Z")


def marked(text: str) -> str:
    """A card with its last line, a hash by which ``is_ours`` knows it again."""
    return f"{text}\n<!-- ganzoo card {_hash(text)} -->\n"


def is_ours(path: Path) -> bool:
    """Whether a file is a card as it was written: what somebody changed is theirs, and not to be lost."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return False
    found = _MARK.search(text)
    return found is not None and found[1] == _hash(text[: found.start() - 1])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write(record: Record, output: str | None, *, licence: str = "", force: bool = False) -> list[Path]:
    """Write the card of a run and return the files written, the card first.

    Without ``output`` it is README.md in the run's folder, beside the model and the picture; ``FILE.md`` is the card
    alone; a folder, ``DIR/``, gets copies of model and picture, too. A card that was written before is replaced.
    Raises UsageError where anything else would be, unless ``force`` says so, and StoreError where nothing can be.
    """
    text = marked(page_of(record, licence))
    path = record.path if output is None else expanded(output)
    folder = output is None or output.endswith(("/", os.sep)) or path.is_dir()
    if not folder and path.suffix.lower() != ".md":
        raise UsageError(
            f"A card is written as .md, not as '{path.name}'.",
            f"Name the output so, or end it with '/' for a folder to upload: {path}/",
        )
    card = path / README if folder else path
    whole = folder and path.resolve() != record.path.resolve()
    names = [ONNX, *([PICTURE] if record.has_picture else [])] if whole else []
    if not force:
        _require_free(card, [path / name for name in names])
    if not whole:
        write_text(card, text)
        return [card]
    return [card, *_fill(record, path, card, text)]


def _require_free(card: Path, others: list[Path]) -> None:
    """Raise UsageError where a file that is no card of ours would be replaced, or others that lie by no such card."""
    if is_ours(card):
        return
    if taken := next((each for each in (card, *others) if each.exists() or each.is_symlink()), None):
        what = (
            "and is no card that ganzoo wrote, or was changed since" if taken == card else "beside no card of ganzoo's"
        )
        raise UsageError(f"{taken} is there already {what}.", "Name another output, or replace it with --force.")


def _fill(record: Record, path: Path, card: Path, text: str) -> list[Path]:
    """The model with its sidecar, the picture, and last the card."""
    try:
        make_folder(path)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.", "Nothing was written.") from error
    written = [path / ONNX]
    written.append(write_exported(Generator(record.path / ONNX, device="cpu"), path / ONNX))
    if record.has_picture:
        written.append(path / PICTURE)
        write_bytes(path / PICTURE, (record.path / PICTURE).read_bytes())
    write_text(card, text)
    return written
