"""One reading of references to data, whatever the command and the position."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import load
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.reference import DataReference, parse, parse_dataset
from ganzoo.data.sizing import Sizing
from ganzoo.errors import DataError, GanzooError, UnknownName, UsageError

KNOWN = {source.name: source for source in builtin_sources()}
X = np.random.default_rng(0).integers(256, size=(40, 1, 6, 5), dtype=np.uint8)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder, with ``x.npz`` in it, which is the working directory, too."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", x=X)
    return tmp_path


def named(found: DataReference) -> tuple[str, str, Path | None]:
    return found.dataset, found.argument, found.path


def test_names_prefixes_and_paths(home: Path) -> None:
    (home / "faces").mkdir()
    for path_first in (False, True):
        for text, wanted in {
            "digits": ("digits", "", None),
            "npz:x.npz": ("npz", "x.npz", Path("x.npz")),
            "npz:~/x.npz": ("npz", "~/x.npz", home / "x.npz"),
            "~/x.npz": ("npz", "~/x.npz", home / "x.npz"),
            "x.npz": ("npz", "x.npz", Path("x.npz")),
            "faces": ("folder", "faces", Path("faces")),
            "folder:~/faces": ("folder", "~/faces", home / "faces"),
            "nowhere": ("", "nowhere", Path("nowhere")),
            "C:nowhere": ("", "C:nowhere", Path("C:nowhere")),
        }.items():
            assert named(parse(text, KNOWN, path_first=path_first)) == wanted


@pytest.mark.parametrize("name", ["X.NPZ", "y.Npz", "z.npy", "Z.NPY"])
def test_endings_in_any_case(name: str, home: Path) -> None:
    with (home / name).open("wb") as file:
        np.save(file, X) if name.lower().endswith("npy") else np.savez(file, x=X)
    wanted = load("npz:x.npz", KNOWN).train.x
    for text in (name, f"npz:{name}", f"~/{name}", f"npz:~/{name}"):
        np.testing.assert_array_equal(load(text, KNOWN).train.x, wanted)


def test_a_plain_path_is_kept_by_the_name_of_its_form(home: Path) -> None:
    assert parse_dataset("x.npz", KNOWN).text == "npz:x.npz"
    assert parse_dataset("npz:x.npz", KNOWN).text == "npz:x.npz"
    assert parse_dataset("digits", KNOWN).text == "digits"
    assert load("x.npz", KNOWN).digest == load("npz:x.npz", KNOWN).digest


def test_a_path_below_the_data_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    for text in ("x.npz", "npz:x.npz"):
        assert len(load(text, KNOWN, home).train) == 36
        assert parse(text, KNOWN, home).path == home / "x.npz"


def test_a_name_that_is_a_path_too(home: Path) -> None:
    (home / "digits").mkdir()
    assert named(parse("digits", KNOWN)) == ("digits", "", None)
    found = parse("digits", KNOWN, path_first=True)
    assert named(found) == ("folder", "digits", Path("digits"))
    assert found.notes == ("digits is the folder of this name, not the dataset",)
    for text in ("./digits", Path("digits")):
        assert parse(text, KNOWN).path == Path("digits")
        assert parse(text, KNOWN, path_first=True).notes == ()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("fodler:x", UnknownName, "Unknown dataset 'fodler'. Did you mean 'folder'"),
        ("nzp:x.npz", UnknownName, "Unknown dataset 'nzp'. Did you mean 'npz'"),
        ("nowhere.NPZ", DataError, "There is no file or folder nowhere.NPZ. Name a folder of images or an .npz"),
        ("~/nowhere", DataError, "There is no file or folder /"),
        ("x.txt", UsageError, "x.txt is no dataset. Name a folder of images or an .npz or .npy file, or a dataset by"),
        ("", UnknownName, "Unknown dataset ''"),
        ("npz:", UsageError, "needs an argument"),
        ("x" * 300, UnknownName, f"Unknown dataset '{'x' * 300}'"),
        ("s.npz", DataError, "It holds statistics: name it as a source or reference, not as a dataset."),
    ],
)
def test_what_is_no_dataset(text: str, kind: type[GanzooError], words: str, home: Path) -> None:
    (home / "x.txt").touch()
    np.savez(home / "s.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(kind) as caught:
        load(text, KNOWN)
    assert words in str(caught.value)


def test_a_tilde_of_nobody_is_a_name(home: Path) -> None:
    assert parse("~nobody-of-this-name/x", KNOWN).path == Path("~nobody-of-this-name/x")


@pytest.mark.parametrize(
    ("text", "argument", "path"),
    [
        ("folder:faces?size=8", "faces?size=8&fit=crop", "faces"),
        ("faces?SIZE=8x9&FIT=pad", "faces?size=8x9&fit=pad", "faces"),
        ("folder:~/faces?fit=pad&size=8", "~/faces?size=8&fit=pad", "HOME/faces"),
        ("folder:fa?ces?size=8", "fa?ces?size=8&fit=crop", "fa?ces"),
        ("fa?ces", "fa?ces", "fa?ces"),
        ("folder:fa?ces", "fa?ces", "fa?ces"),
        ("folder:faces?size=4", "faces?size=4", "faces?size=4"),
        ("faces?size=4", "faces?size=4", "faces?size=4"),
        ("folder:nowhere?size=8", "nowhere?size=8&fit=crop", "nowhere"),
        ("folder:nowhere?", "nowhere?", "nowhere?"),
        ("folder:?size=8", "?size=8", "?size=8"),
    ],
)
def test_a_folder_with_a_sizing(text: str, argument: str, path: str, home: Path) -> None:
    for name in ("faces", "fa?ces", "faces?size=4"):
        (home / name).mkdir()
    found = parse(text, KNOWN)
    assert named(found) == ("folder", argument, Path(path.replace("HOME", str(home))))
    assert found.text == f"folder:{argument}"
    assert (found.sizing is not None) == argument.endswith(("&fit=crop", "&fit=pad"))
    again = parse(found.text, KNOWN)
    assert (again.argument, again.path, again.sizing) == (found.argument, found.path, found.sizing)
    assert parse(text, KNOWN, path_first=True) == found


def test_a_sizing_below_the_data_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("elsewhere", "faces"):
        (home / name).mkdir()
    monkeypatch.chdir(home / "elsewhere")
    for text in ("faces?size=8", "folder:faces?size=8"):
        found = parse(text, KNOWN, home)
        assert (found.path, found.sizing) == (home / "faces", Sizing(8, 8))


@pytest.mark.parametrize("text", ["npz:x.npz?size=8", "x.npz?size=8", "folder:x.npz?size=8", "./x.npz?size=8"])
def test_arrays_have_no_sizing(text: str, home: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.npz is no folder of images, and only these are read by '\?size=8'\."):
        parse(text, KNOWN)


def test_arrays_whose_name_holds_a_question_mark(home: Path) -> None:
    (home / "x.npz").rename(home / "x?size=8.npz")
    for text in ("npz:x?size=8.npz", "x?size=8.npz"):
        assert len(load(text, KNOWN).train) == 36
    with pytest.raises(DataError, match=r"There is no file y\?size=8\.npz"):
        load("npz:y?size=8.npz", KNOWN)


def test_a_path_has_no_sizing(home: Path) -> None:
    (home / "faces").mkdir()
    assert parse(Path("faces?size=8"), KNOWN).path == Path("faces?size=8")


def test_a_dataset_has_no_sizing(home: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset 'digits\?size=8'\. Did you mean 'digits'"):
        load("digits?size=8", KNOWN)
