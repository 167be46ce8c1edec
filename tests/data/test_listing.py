"""Which files of a folder are images, of which class, and what becomes of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.listing import Listing, list_images
from ganzoo.errors import DataError


def put(root: Path, *names: str) -> Path:
    """Images of these names, and empty files of all names that are not images'."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png" and not path.name.startswith("."):
            Image.fromarray(np.zeros((2, 2), np.uint8)).save(path)
        else:
            path.touch()
    return root


def named(found: Listing) -> list[str]:
    return [str(path.relative_to(found.root)) for path in found.paths]


def left(found: Listing) -> dict[str, str]:
    return {str(path.relative_to(found.root)): reason for path, reason in found.skipped}


def test_the_top_folder_is_the_class_of_all_below_it(tmp_path: Path) -> None:
    put(tmp_path, "dog/a.png", "cat/2023/may/b.png", "cat/2023/a.png", "cat/z.png", "bird/x/y.png", "none/deep/a.txt")
    found = list_images(tmp_path)
    assert found.class_names == ("bird", "cat", "dog")
    assert named(found) == ["bird/x/y.png", "cat/2023/a.png", "cat/2023/may/b.png", "cat/z.png", "dog/a.png"]
    assert found.numbers == (0, 1, 1, 1, 2)
    assert found.deep == (
        f"3 of 5 images lie more than one folder deep, such as {tmp_path}/bird/x/y.png: the top folder, 'bird', is the "
        "class",
    )
    assert left(found) == {"none/deep/a.txt": "ending .txt"}


def test_one_folder_deep_says_nothing(tmp_path: Path) -> None:
    found = list_images(put(tmp_path, "cat/a.png", "dog/a.png"))
    assert (found.deep, found.passed_over, found.skipped) == ((), (), ())


@pytest.mark.parametrize("other", ["cat/b.png", "cat/2023/b.png"])
def test_loose_images_beside_classes_are_refused_however_deep(other: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"both directly in it \(a\.png\) and in subfolders \(cat\)"):
        list_images(put(tmp_path, "a.png", other))


def test_every_file_that_is_not_read_has_a_reason(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.png", "cat/b.HEIC", "cat/LICENSE", "notes.txt", ".thumbs/a.png", "cat/.a.png", "cat/.x/b.png")
    (tmp_path / "cat" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "cat" / "itself.png").symlink_to("itself.png")
    found = list_images(tmp_path)
    assert named(found) == ["cat/a.png"]
    assert left(found) == {
        ".thumbs": "hidden",
        "cat/.a.png": "hidden",
        "cat/.x": "hidden",
        "cat/LICENSE": "no ending",
        "cat/b.HEIC": "ending .heic",
        "cat/itself.png": "broken link",
        "cat/lost.png": "broken link",
        "notes.txt": "ending .txt",
    }
    (sentence,) = found.passed_over
    assert sentence.startswith(f"5 files were not read as images in {tmp_path}: broken link (2), ")
    assert sentence.endswith(f"; 'ganzoo data folder:{tmp_path}' lists them")
    for part in (".heic (1)", ".txt (1)", "no ending (1)"):
        assert part in sentence
    assert "hidden" not in sentence


def test_what_is_neither_file_nor_folder(tmp_path: Path) -> None:
    import os

    os.mkfifo(put(tmp_path, "a.png") / "b.png")
    assert left(list_images(tmp_path)) == {"b.png": "no file"}


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path, "cat/2023/a.png", "dog/a.png")
    for name, target in {"cat/up": "..", "cat/2023/here": ".", "dog/cats": "../cat", "all": "."}.items():
        (tmp_path / name).symlink_to(target)
    found = list_images(tmp_path)
    assert named(found) == ["cat/2023/a.png", "dog/a.png", "dog/cats/2023/a.png"]
    assert found.class_names == ("cat", "dog")
    reason = "link to a folder that is read already"
    assert left(found) == dict.fromkeys(("all", "cat/2023/here", "cat/up", "dog/cats/2023/here", "dog/cats/up"), reason)


def test_folders_that_link_to_each_other_are_read_once_for_each_class(tmp_path: Path) -> None:
    """Every path through them would be a factorial of paths."""
    names = [f"{i:02}" for i in range(12)]
    for name in names:
        put(tmp_path, f"top/{name}/a.png")
        for other in names:
            (tmp_path / "top" / name / f"to{other}").symlink_to(f"../{other}")
    assert len(list_images(tmp_path).paths) == len(names)


def test_linked_classes_are_classes(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "a.png")
    root = put(tmp_path / "root", "dog/a.png")
    (root / "cat").symlink_to(tmp_path / "elsewhere")
    assert named(list_images(root)) == ["cat/a.png", "dog/a.png"]


def test_a_folder_of_unknown_endings_names_them(tmp_path: Path) -> None:
    put(tmp_path, "0.heic", "1.heic", "x/2.heic")
    with pytest.raises(
        DataError, match=r"no images in .*; 3 files were not read as images in .*: \.heic \(3\)\. Image"
    ):
        list_images(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "cat/2023/a.png")
    import os

    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("2023"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(DataError, match=r"The folder .*2023 cannot be read \(Permission denied\)"):
        list_images(tmp_path)
