"""Which files of a folder are its images, of which classes, and which files are not read, and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import DataError
from ganzoo.files import readable

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
HIDDEN = "hidden"
READ_ALREADY = "link to a folder that is read already"
_ENDING = "ending "
_SHOWN = 5
"""Most reasons in one sentence."""


class Skipped(NamedTuple):
    """A file, or a folder with all that is in it, that is not read."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """The files of a folder by the policy of ``ganzoo.data.folder.load_folder``."""

    root: Path
    paths: tuple[Path, ...]
    """The images, in the order of their names, classes one after the other."""
    numbers: tuple[int, ...]
    """The class of each image; all 0 where there are no classes."""
    class_names: tuple[str, ...]
    """Empty where there are no classes."""
    skipped: tuple[Skipped, ...]

    @property
    def passed_over(self) -> tuple[str, ...]:
        """One sentence on the files that are not read, or none."""
        where = f"'ganzoo data folder:{self.root}' lists them"
        return tuple(readable(f"{sentence}; {where}") for sentence in _passed_over(self.root, self.skipped))

    @property
    def deep(self) -> tuple[str, ...]:
        """One sentence on images whose class is a folder further up, or none."""
        found = [path for path in self.paths if len(path.relative_to(self.root).parts) > 2]
        if not found:
            return ()
        top = found[0].relative_to(self.root).parts[0]
        sentence = f"{len(found)} of {len(self.paths)} images lie more than one folder deep, such as {found[0]}"
        return (readable(f"{sentence}: the top folder, '{top}', is the class"),)


def list_images(root: Path) -> Listing:
    """The images of a folder. Raises DataError where there are none, or some both directly in it and in subfolders."""
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.", "Name a folder of images, as DIR or as folder:DIR.")
    try:
        found = list(_files(root))
    except OSError as error:
        where = error.filename or root
        raise DataError(f"The folder {where} cannot be read ({error.strerror}).", "Check its permissions.") from error
    skipped = tuple(sorted(Skipped(path, reason) for path, reason in found if reason))
    images = sorted(path.relative_to(root).parts for path, reason in found if not reason)
    loose, inside = [parts for parts in images if len(parts) == 1], [parts for parts in images if len(parts) > 1]
    if loose and inside:
        raise DataError(
            f"{root} has images both directly in it ({loose[0][0]}) and in subfolders ({readable(inside[0][0])}).",
            "Give every class its own subfolder, or keep all images in one folder.",
        )
    if not images:
        raise DataError(
            "; ".join((f"There are no images in {root}", *_passed_over(root, skipped))) + ".",
            f"Image files end in {', '.join(SUFFIXES)}.",
        )
    folders = sorted({parts[0] for parts in inside})
    number = {name: i for i, name in enumerate(folders)}
    return Listing(
        root,
        paths=tuple(root.joinpath(*parts) for parts in images),
        numbers=tuple(number[parts[0]] if inside else 0 for parts in images),
        class_names=tuple(readable(name) for name in folders),
        skipped=skipped,
    )


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder, and why it is not read: "" where it is.

    Links to folders are followed, those in a circle too: below each folder of the root every folder is read once.
    """
    top = os.path.realpath(root)
    for path in sorted(root.iterdir()):
        if path.is_dir() and not _hidden(path.name):
            yield from _files_below(path, {top})
        else:
            yield path, _fault(path)


def _files_below(folder: Path, seen: set[str]) -> Iterator[tuple[Path, str]]:
    for place, folders, names in os.walk(folder, onerror=_raised, followlinks=True):
        here, real = Path(place), os.path.realpath(place)
        if real in seen:
            folders.clear()
            yield here, READ_ALREADY
            continue
        seen.add(real)
        yield from ((path, _fault(path)) for name in sorted(names) if (path := here / name))
        yield from ((here / name, HIDDEN) for name in sorted(folders) if _hidden(name))
        folders[:] = sorted(name for name in folders if not _hidden(name))


def _raised(error: OSError) -> None:
    raise error


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _fault(path: Path) -> str:
    """Why a file is not read as an image: its ending, mostly; empty for one that is."""
    if _hidden(path.name):
        return HIDDEN
    ending = path.suffix.lower()
    if ending not in SUFFIXES:
        return f"{_ENDING}{ending}" if ending else "no ending"
    if path.is_file():
        return ""
    return "broken link" if path.is_symlink() else "no file"


def _passed_over(root: Path, skipped: tuple[Skipped, ...]) -> tuple[str, ...]:
    """One sentence on what is not read, hidden files left out; none where all is."""
    reasons = Counter(each.reason.removeprefix(_ENDING) for each in skipped if each.reason != HIDDEN)
    if not reasons:
        return ()
    named = [f"{reason} ({count})" for reason, count in reasons.most_common(_SHOWN)]
    rest = [f"{len(reasons) - _SHOWN} more endings"] if len(reasons) > _SHOWN else []
    files = "1 file was" if reasons.total() == 1 else f"{reasons.total()} files were"
    return (readable(f"{files} not read as images in {root}: {', '.join([*named, *rest])}"),)
