from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data import folder
from ganzoo.data.folder import ImageFiles, load_folder
from ganzoo.data.sizing import Sizing
from ganzoo.errors import DataError
from ganzoo.limits import VARIABLE

RNG = np.random.default_rng(4)


def grey(size: tuple[int, int] = (4, 6)) -> Image.Image:
    return Image.fromarray(RNG.integers(256, size=size, dtype=np.uint8))


def colour() -> Image.Image:
    return Image.fromarray(RNG.integers(256, size=(4, 6, 3), dtype=np.uint8))


def test_loose_grey_images_stay_grey_and_unlabelled(tmp_path: Path) -> None:
    images = {f"{i:02}.png": grey() for i in range(12)}
    for name, image in images.items():
        image.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    data = load_folder(str(tmp_path), None)
    assert data.spec.shape == (1, 4, 6)
    assert (data.spec.classes, data.train.y) == (0, None)
    assert (len(data.train), len(data.heldout)) == (11, 1)
    stored = sorted(map(bytes, np.concatenate([data.train.x, data.heldout.x])))
    assert stored == sorted(image.tobytes() for image in images.values())


def test_classes_suffixes_and_order(tmp_path: Path) -> None:
    suffixes = ["png", "JPG", "jpeg", "BMP", "webp", "tiff", "Png", "tif", "jpg", "bmp"]
    for name in ("dog", "cat", "empty"):
        (tmp_path / name).mkdir()
    for name in ("dog", "cat"):
        for i, suffix in enumerate(suffixes):
            colour().save(tmp_path / name / f"{i}.{suffix}")
    files = ImageFiles(tmp_path)
    assert files.class_names == ("cat", "dog")
    assert [p.name for p in files.paths[:10]] == [f"{i}.{s}" for i, s in enumerate(suffixes)]
    assert files.labels is not None
    assert files.labels.tolist() == [0] * 10 + [1] * 10
    data = load_folder(str(tmp_path), None)
    assert data.class_names == ("cat", "dog")
    assert data.heldout.y is not None
    assert data.heldout.y.tolist() == [0, 1]
    assert data.digest == load_folder(str(tmp_path), None).digest


def test_one_colour_image_makes_all_colour(tmp_path: Path) -> None:
    image = grey()
    image.save(tmp_path / "a.png")
    for i in range(3):
        colour().save(tmp_path / f"b{i}.png")
    data = load_folder(str(tmp_path), None)
    assert data.spec.shape == (3, 4, 6)
    everything = np.concatenate([data.train.x, data.heldout.x])
    assert any((x == np.asarray(image)).all() for x in everything)


UPRIGHT = {
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.T,
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].T,
    8: np.rot90,
}
"""What makes an image of each EXIF orientation upright; all other values leave it as it is."""
FORMATS = {"jpg": {}, "png": {}, "webp": {"lossless": True}, "tiff": {}}


def with_orientation(path: Path, exif: bytes | Image.Exif) -> np.ndarray:
    """Write a grey image with these EXIF data; its pixels as they lie in the file."""
    image, more = Image.fromarray(np.arange(96, dtype=np.uint8).reshape(8, 12)), FORMATS[path.suffix[1:]]
    image.save(path, **more)
    with Image.open(path) as plain:
        stored = np.asarray(plain.convert("L"))
    image.save(path, exif=exif, **more)
    return stored


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("orientation", [*range(10), 255, 65535])
def test_every_orientation_in_every_format(suffix: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = with_orientation(tmp_path / f"0.{suffix}", exif)
    wanted = UPRIGHT.get(orientation, lambda x: x)(stored)
    for name in ("0", "1"):
        with_orientation(tmp_path / f"{name}.{suffix}", exif)
    files = ImageFiles(tmp_path)
    assert files.shape[1:] == wanted.shape
    for image in files.read(np.arange(2)):
        np.testing.assert_array_equal(image[0], wanted)


ENTRY = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"
"""EXIF data up to the type of their one value, the orientation."""
ODD = {
    "text": ENTRY + b"\x02\0\x04\0\0\0abc\0" + bytes(4),
    "two numbers": ENTRY + b"\x03\0\x02\0\0\0\x06\0\x06\0" + bytes(4),
    "cut short": ENTRY + b"\x03\0",
    "an offset beyond the end": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "no TIFF header": b"Exif\0\0nonsense",
    "nothing": b"Exif\0\0",
}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("content", ODD.values(), ids=list(ODD))
def test_odd_exif_data_are_no_reason_to_refuse_an_image(suffix: str, content: bytes, tmp_path: Path) -> None:
    stored = with_orientation(tmp_path / f"0.{suffix}", content)
    files = ImageFiles(tmp_path)
    (image,) = files.read(np.arange(1))
    assert files.shape == image.shape
    assert image[0].shape in (stored.shape, stored.T.shape)
    assert sorted(image[0].ravel()) == sorted(stored.ravel())


ENDINGS = {
    "apng": "PNG",
    "jfif": "JPEG",
    "jpe": "JPEG",
    "gif": "GIF",
    "bmp": "BMP",
    "dib": "DIB",
    "ppm": "PPM",
    "pgm": "PPM",
}
ENDINGS |= {"pnm": "PPM", "avif": "AVIF", "webp": "WEBP", "tif": "TIFF"}


@pytest.mark.parametrize("ending", [*ENDINGS, "GIF", "Ppm"])
def test_every_ending_counts(ending: str, tmp_path: Path) -> None:
    images = {name: grey() if ending in ("pgm", "gif", "GIF") else colour() for name in "ab"}
    for name, image in images.items():
        image.save(tmp_path / f"{name}.{ending}", ENDINGS[ending.lower()])
    grey().save(tmp_path / "c.png")
    files = ImageFiles(tmp_path)
    assert len(files.paths) == 3
    assert files.notes == ()
    if ending in ("apng", "bmp", "dib", "ppm", "pnm", "tif", "Ppm"):
        for found, image in zip(files.read(np.arange(2)), images.values(), strict=True):
            np.testing.assert_array_equal(found.transpose(1, 2, 0), np.asarray(image))
    if ending in ("pgm", "gif", "GIF"):
        for found, image in zip(files.read(np.arange(2)), images.values(), strict=True):
            np.testing.assert_array_equal(found[0], np.asarray(image))


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "tiff"])
def test_an_animation_is_its_first_frame_and_says_so(ending: str, tmp_path: Path) -> None:
    frames = [grey() for _ in range(3)]
    frames[0].save(tmp_path / f"b.{ending}", save_all=True, append_images=frames[1:], **LOSSLESS.get(ending, {}))
    grey().save(tmp_path / "a.bmp")
    files = ImageFiles(tmp_path)
    assert files.notes == (
        f"1 of 2 images have several frames, the first of which is used: {tmp_path / f'b.{ending}'}",
    )
    np.testing.assert_array_equal(files.read(np.array([1]))[0, 0], np.asarray(frames[0]))


LOSSLESS = {"webp": {"lossless": True}}


@pytest.mark.parametrize(("form", "ending"), [("GIF", "gif"), ("PPM", "ppm"), ("AVIF", "avif"), ("DIB", "dib")])
def test_an_image_cut_short_is_read_or_named(form: str, ending: str, tmp_path: Path) -> None:
    frames = [grey() for _ in range(3)]
    whole, path = io.BytesIO(), tmp_path / f"0.{ending}"
    more = {"save_all": True, "append_images": frames[1:]} if ending in ("gif", "avif") else {}
    frames[0].save(whole, form, **more)
    refused = 0
    for length in range(0, len(whole.getvalue()), 3):
        path.write_bytes(whole.getvalue()[:length])
        try:
            ImageFiles(tmp_path).read(np.arange(1))
        except DataError as error:
            refused += 1
            assert str(path) in str(error)
    assert refused > 5


def folder_of(root: Path, *sizes: tuple[int, int]) -> Path:
    """Grey images of these heights and widths, called 00.png and so on."""
    root.mkdir(exist_ok=True)
    for i, size in enumerate(sizes):
        grey(size).save(root / f"{i:02}.png")
    return root


def test_several_sizes_name_two_files_and_propose_one(tmp_path: Path) -> None:
    folder_of(tmp_path, (4, 6), (4, 6), (6, 4))
    with pytest.raises(
        DataError,
        match=r"has images of 2 sizes \(height × width\), from 4×6 \(.*00\.png\) to 6×4 \(.*02\.png\), and one size is",
    ):
        load_folder(str(tmp_path), None)
    folder_of(tmp_path, (400, 60), (300, 500), (40, 40))
    with pytest.raises(DataError) as caught:
        load_folder(str(tmp_path), None)
    assert "from 40×40" in caught.value.message
    assert "to 300×500" in caught.value.message
    assert f"'folder:{tmp_path}?size=32&fit=crop'" in caught.value.hint
    assert load_folder(f"{tmp_path}?size=32&fit=crop", None).spec.shape == (1, 32, 32)


def test_a_sizing_makes_all_images_alike_and_leaves_those_of_the_size_alone(tmp_path: Path) -> None:
    folder_of(tmp_path, (8, 12), (4, 6), (1, 1), (1, 900), (31, 17))
    Image.fromarray(np.full((20, 20, 3), (200, 10, 30), np.uint8)).save(tmp_path / "09.png")
    for fit in ("crop", "pad", "stretch"):
        files = ImageFiles(tmp_path, Sizing(8, 12, fit))
        assert files.shape == (3, 8, 12)
        images = files.read(np.arange(6))
        with Image.open(tmp_path / "00.png") as first:
            np.testing.assert_array_equal(images[0], np.broadcast_to(np.asarray(first), (3, 8, 12)))
        assert (images[5, :, 4, 6] == [200, 10, 30]).all()
        assert not files.several_sizes


def test_a_turned_image_is_sized_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.repeat(np.arange(0, 240, 20, dtype=np.uint8)[:, None], 8, axis=1)
    Image.fromarray(np.rot90(upright)).save(tmp_path / "a.png", exif=exif)
    grey((30, 8)).save(tmp_path / "b.png")
    plain = ImageFiles(tmp_path)
    assert plain.own_sizes == [(12, 8), (30, 8)]
    assert plain.several_sizes
    (cropped,) = ImageFiles(tmp_path, Sizing(8, 8)).read(np.array([0]))
    np.testing.assert_array_equal(cropped[0], upright[2:10])


def test_enlarged_images_are_counted(tmp_path: Path) -> None:
    folder_of(tmp_path, (8, 8), (9, 9), (20, 7))
    assert ImageFiles(tmp_path, Sizing(8, 8)).notes == ("1 of 3 images are enlarged to 8×8",)
    assert ImageFiles(tmp_path, Sizing(7, 7)).notes == ()


def test_two_sizings_are_two_datasets(tmp_path: Path) -> None:
    """In their name, their digest and the digest of the files, even where no image is changed."""
    root = folder_of(tmp_path / "faces", *[(8, 8)] * 5)
    texts = [str(root), *(f"{root}?size={size}&fit={fit}" for size in (8, "8x9") for fit in ("crop", "pad", "stretch"))]
    found = [load_folder(text, None) for text in texts]
    assert [each.spec.name for each in found] == [
        f"folder-faces{end}" for end in ("", "-8-crop", "-8-pad", "-8-stretch", "-8x9-crop", "-8x9-pad", "-8x9-stretch")
    ]
    np.testing.assert_array_equal(found[0].train.x, found[1].train.x)
    assert len({each.digest for each in found}) == len(texts)
    sizings = [None, *(Sizing(8, width, fit) for width in (8, 9) for fit in ("crop", "pad", "stretch"))]
    assert len({ImageFiles(root, sizing).digest for sizing in sizings}) == len(texts)


def test_images_as_they_are_come_in_parts_of_one_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [(4, 6), (30, 10), (4, 6), (6, 4), (1, 1), (4, 6), (30, 10)]
    files = ImageFiles(folder_of(tmp_path, *sizes))
    assert files.shape == (1, 0, 0)
    monkeypatch.setattr("ganzoo.data.folder.AT_ONCE", 100)
    rows = np.array([6, 5, 4, 3, 2, 1, 0])
    decoded: list[int] = []
    in_threads = folder.in_threads
    monkeypatch.setattr(folder, "in_threads", lambda work, items: decoded.append(len(items)) or in_threads(work, items))
    parts = list(files.parts(rows, 2))
    assert sorted(place for places, _ in parts for place in places) == list(range(7))
    for places, images in parts:
        assert {sizes[rows[place]] for place in places} == {images.shape[2:]}
        for place, image in zip(places, images, strict=True):
            with Image.open(files.paths[rows[place]]) as own:
                np.testing.assert_array_equal(image[0], np.asarray(own))
    seen = [images.shape[2:] for _, images in parts]
    assert seen == sorted(seen, key=lambda size: size[::-1]), "those of one size follow each other"
    assert max(decoded) == 2
    assert sum(decoded) == 7
    assert decoded.count(1) >= 2, "an image of 300 pixels comes alone"


def test_a_header_that_lies_is_named(tmp_path: Path) -> None:
    files = ImageFiles(folder_of(tmp_path, (4, 6), (4, 6)))
    grey((5, 6)).save(tmp_path / "01.png")
    with pytest.raises(DataError, match=r"01\.png has 5×6 pixels \(height × width\), but its header says 4×6"):
        files.read(np.arange(2))


def test_notes_of_a_folder_are_those_of_its_dataset(tmp_path: Path) -> None:
    folder_of(tmp_path / "cat", *[(4, 6)] * 3)
    assert load_folder(str(tmp_path), None).notes == ()
    folder_of(tmp_path / "cat" / "2023", (4, 6))
    (tmp_path / "cat" / "3.HEIC").touch()
    left, deep = load_folder(str(tmp_path), None).notes
    assert left.startswith(f"1 file was not read as images in {tmp_path}: .heic (1); ")
    assert deep.endswith("the top folder, 'cat', is the class")


def test_folders_that_cannot_be_read_as_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*nowhere"):
        load_folder(str(tmp_path / "nowhere"), None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"There are no images in .*empty"):
        load_folder(str(tmp_path / "empty"), None)
    (tmp_path / "mixed" / "cat").mkdir(parents=True)
    grey().save(tmp_path / "mixed" / "a.png")
    grey().save(tmp_path / "mixed" / "cat" / "b.png")
    with pytest.raises(DataError, match=r"both directly in it \(a.png\) and in subfolders \(cat\)"):
        load_folder(str(tmp_path / "mixed"), None)
    (tmp_path / "one").mkdir()
    grey().save(tmp_path / "one" / "a.png")
    with pytest.raises(DataError, match="folder-one has 1 sample, too few"):
        load_folder(str(tmp_path / "one"), None)


def test_a_grey_gif_beside_grey_images_stays_grey(tmp_path: Path) -> None:
    """The format has palettes only: what Pillow calls "P" says nothing about colour there."""
    x = np.arange(64, dtype=np.uint8).reshape(2, 1, 4, 8) * 4
    for i, ending in enumerate(("png", "gif")):
        Image.fromarray(x[i, 0]).save(tmp_path / f"{i}.{ending}")
    assert np.array_equal(ImageFiles(tmp_path).read(np.arange(2)), x)
    Image.fromarray(np.zeros((4, 8, 3), np.uint8) + np.uint8([255, 0, 0])).save(tmp_path / "2.gif")
    found = ImageFiles(tmp_path).read(np.arange(3))
    assert found.shape == (3, 3, 4, 8)
    assert (found[0] == x[0]).all()
    assert (found[2, :, 0, 0] == [255, 0, 0]).all()


def test_a_folder_that_is_loaded_whole_is_measured_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(20):
        grey((40, 60)).save(tmp_path / f"{i}.png")
    monkeypatch.setenv(VARIABLE, "57600")  # what one of them takes until it is scored
    assert load_folder(str(tmp_path), None).spec.shape == (1, 40, 60)
    for i in range(20, 25):
        grey((40, 60)).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match=r"25 images of .*, 1×40×60 each, would take 60 kB of memory"):
        load_folder(str(tmp_path), None)
    files = ImageFiles(tmp_path)
    assert sum(len(x) for _, x in files.parts(np.arange(25), 4)) == 25, "in parts a folder may be larger"
