"""What is said of a dataset before it is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.describe import File, OwnSize, describe
from ganzoo.errors import DataError

KNOWN = {source.name: source for source in builtin_sources()}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four images of three sizes in two classes, one of them deeper, beside two files that are none."""
    root = tmp_path / "photos"
    for name, size in {"cat/a": (8, 9), "cat/x/b": (8, 9), "dog/a": (9, 8), "dog/b": (4, 4)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(size, np.uint8)).save(root / f"{name}.png")
    (root / "notes.txt").touch()
    (root / "dog" / ".DS_Store").touch()
    return root


def test_a_folder_with_every_file(photos: Path) -> None:
    found = describe(str(photos), KNOWN)
    assert (found.reference, found.name, found.kind) == (f"folder:{photos}", "folder-photos", "image")
    assert (found.shape, found.samples, found.heldout) == ((1, 0, 0), 4, 1)
    assert found.classes == {"cat": 2, "dog": 2}
    assert found.sizes == (OwnSize(4, 4, 1), OwnSize(8, 9, 2), OwnSize(9, 8, 1))
    assert found.skipped == (
        File(f"{photos}/dog/.DS_Store", "hidden"),
        File(f"{photos}/notes.txt", "ending .txt"),
    )
    deep, advice = found.notes
    assert deep.startswith(f"1 of 4 images lie more than one folder deep, such as {photos}/cat/x/b.png")
    assert advice == f"the images have several sizes: to train on them write 'folder:{photos}?size=8&fit=crop'"


def test_a_folder_with_a_sizing_is_what_is_loaded(photos: Path) -> None:
    text = f"folder:{photos}?size=8&fit=pad"
    found, loaded = describe(text, KNOWN), api.dataset(text)
    assert (found.name, found.shape, found.policy) == (
        loaded.spec.name,
        loaded.spec.shape,
        "pad to 8×8, bicubic antialiased",
    )
    assert (found.samples, found.heldout) == (len(loaded.train) + len(loaded.heldout), len(loaded.heldout))
    assert tuple(found.classes) == loaded.class_names
    assert found.sizes == describe(str(photos), KNOWN).sizes
    assert found.notes == loaded.notes[1:], "but for the files that are not read, which are listed"


def test_damaged_images_are_all_named(photos: Path) -> None:
    (photos / "cat" / "a.png").write_text("text")
    (photos / "dog" / "b.png").write_bytes(b"")
    found = describe(str(photos), KNOWN)
    assert found.damaged == (
        File(f"{photos}/cat/a.png", "UnidentifiedImageError"),
        File(f"{photos}/dog/b.png", "UnidentifiedImageError"),
    )
    assert (found.shape, found.sizes, found.classes) == ((), (), {"cat": 2, "dog": 2})


def test_any_other_dataset(tmp_path: Path) -> None:
    digits = api.dataset("digits")
    found = describe("digits", KNOWN)
    assert (found.name, found.shape, found.samples, found.heldout) == ("digits", (1, 8, 8), 1797, 450)
    assert found.digest == digits.digest
    assert list(found.classes) == list("0123456789")
    assert sum(found.classes.values()) == 1797
    assert found.classes["8"] == 174
    np.savez(tmp_path / "x.npz", x=np.zeros((20, 3), np.float32))
    points = describe(str(tmp_path / "x.npz"), KNOWN)
    assert (points.reference, points.kind, points.shape) == (f"npz:{tmp_path}/x.npz", "points", (3,))
    assert (points.samples, points.heldout, points.classes) == (20, 2, {})
    with pytest.raises(DataError, match="There is no folder nowhere"):
        describe("folder:nowhere", KNOWN)
