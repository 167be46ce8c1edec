from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.folder import ImageFiles, list_images, load_folder, read_image
from ganzoo.errors import DataError

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
    paths, labels, names = list_images(tmp_path)
    assert names == ("cat", "dog")
    assert [p.name for p in paths[:10]] == [f"{i}.{s}" for i, s in enumerate(suffixes)]
    assert labels == [0] * 10 + [1] * 10
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


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (10, 20, 30, 255)
    rgba[1, 1] = (0, 0, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    x = read_image(tmp_path / "a.png")
    assert x[:, 0, 0].tolist() == [10, 20, 30]
    assert x[:, 0, 1].tolist() == [255, 255, 255]
    assert x[:, 1, 1].tolist() == [127, 127, 127]
    Image.fromarray(np.array([[[9, 255], [9, 0]]], np.uint8), "LA").save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").tolist() == [[[9, 255]]]


def test_sixteen_bit_grey_is_rounded(tmp_path: Path) -> None:
    values = np.array([[0, 128, 129, 257, 65535, 40000]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[0, 0, 1, 1, 255, 156]]]
    Image.fromarray(np.array([[70000]], np.int32)).save(tmp_path / "b.tiff")
    with pytest.raises(DataError, match="beyond 16 bits"):
        read_image(tmp_path / "b.tiff")
    Image.fromarray(np.array([[0.5]], np.float32)).save(tmp_path / "c.tiff")
    with pytest.raises(DataError, match="floating-point"):
        read_image(tmp_path / "c.tiff")


def test_palette_cmyk_and_bilevel(tmp_path: Path) -> None:
    source = Image.new("RGB", (3, 2), (200, 10, 30))
    source.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png")[:, 0, 0].tolist() == [200, 10, 30]
    source.convert("CMYK").save(tmp_path / "c.tiff")
    assert read_image(tmp_path / "c.tiff")[:, 0, 0].tolist() == [200, 10, 30]
    Image.new("1", (3, 2), 1).save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").tolist() == [[[255] * 3] * 2]


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


def test_what_is_not_read_is_counted(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(3):
            grey().save(tmp_path / name / f"{i}.png")
    assert load_folder(str(tmp_path), None).notes == ()
    for name in ("cat/3.HEIC", "dog/4.heic", "notes.txt", "dog/LICENSE", ".hidden", "cat/.DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "dog" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    data = load_folder(str(tmp_path), None)
    assert len(data.train) + len(data.heldout) == 6
    (sentence,) = data.notes
    assert sentence.startswith(f"5 files were not read as images in {tmp_path}: .heic (2), ")
    for part in (".txt (1)", "no ending (1)", "broken link (1)"):
        assert part in sentence


def test_a_folder_of_unknown_endings_names_them(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.heic").touch()
    with pytest.raises(DataError, match=r"no images in .*; 3 files were not read as images in .*: \.heic \(3\)\."):
        load_folder(str(tmp_path), None)


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


def test_different_sizes_name_the_two_files(tmp_path: Path) -> None:
    for name, size in (("a", (4, 6)), ("b", (4, 6)), ("c", (6, 4))):
        grey(size).save(tmp_path / f"{name}.png")
    with pytest.raises(DataError, match=r"a\.png has 6 × 4 pixels, but .*c\.png has 4 × 6"):
        load_folder(str(tmp_path), None)


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
    (tmp_path / "deep" / "train" / "cat").mkdir(parents=True)
    grey().save(tmp_path / "deep" / "train" / "cat" / "b.png")
    with pytest.raises(DataError, match=r"cat/b\.png lies more than one folder deep"):
        load_folder(str(tmp_path / "deep"), None)
    (tmp_path / "one").mkdir()
    grey().save(tmp_path / "one" / "a.png")
    with pytest.raises(DataError, match="folder-one has 1 sample, too few"):
        load_folder(str(tmp_path / "one"), None)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff"])
def test_corrupt_image_is_named(tmp_path: Path, suffix: str) -> None:
    noise = Image.fromarray(RNG.integers(256, size=(40, 40, 3), dtype=np.uint8))
    path = tmp_path / f"a.{suffix}"
    noise.save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"The image .*a\.{suffix} cannot be read"):
            read_image(path)


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
