"""Images of several sizes as they are: each seen by the extractor in its own size, or refused with a proposal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.errors import DataError, ScoreError
from ganzoo.extractors import natural
from ganzoo.extractors.base import PixelExtractor
from ganzoo.extractors.catalogue import shipped_extractors
from ganzoo.generator.engine import BATCH
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.samples import Selection
from ganzoo.scoring.setup import Terms, source_setup, sums_of
from ganzoo.scoring.stored import ArraySource, FolderSource

RNG = np.random.default_rng(5)
EXTRACTORS = {each.name: each for each in shipped_extractors()}
PIXELS = Terms(extractor="pixels")


def write(root: Path, n: int, *, least: int = 8, classes: int = 2) -> Path:
    """Images between ``least`` and 40 pixels a side: every third is grey, every fifth is turned by its EXIF data."""
    for i in range(n):
        folder = root / f"c{i % classes}"
        folder.mkdir(parents=True, exist_ok=True)
        size = RNG.integers(least, 41, 2)
        image = RNG.integers(256, size=size if i % 3 == 0 else (*size, 3), dtype=np.uint8)
        exif = Image.Exif()
        if i % 5 == 0:
            exif[0x0112] = 6
        Image.fromarray(image).save(folder / f"{i:03}.png", exif=exif)
    return root


def opened(source: Path | str) -> FolderSource:
    found = open_source(source)
    assert isinstance(found, FolderSource)
    return found


def one_by_one(source: FolderSource, extractor: object) -> np.ndarray:
    """The features of every image by itself."""
    found = []
    for row in range(len(source)):
        ((_, image),) = source.images.parts(np.array([row]), 1)
        alone = ArraySource("one", "image", image)
        found.append(alone.extract(np.array([0]), extractor).features)  # type: ignore[arg-type]
    return np.concatenate(found)


@pytest.mark.parametrize("at_once", [1 << 24, 2000])
def test_each_image_is_seen_in_its_own_size(at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.data.folder.AT_ONCE", at_once)
    source, extractor = opened(write(tmp_path, 24)), PixelExtractor()
    assert source.shape == (3, 0, 0)
    wanted = one_by_one(source, extractor)
    rows = RNG.permutation(24)
    np.testing.assert_allclose(source.extract(rows, extractor).features, wanted[rows], rtol=0, atol=1e-12)
    parts = source.batches(extractor, Selection(24, 0, file_order=True), size=7)
    np.testing.assert_allclose(np.concatenate([each.features for each in parts]), wanted, rtol=0, atol=1e-12)


def test_the_network_for_natural_images_resizes_each(tmp_path: Path, natural_images: None) -> None:
    if natural.weights_file() is None:
        pytest.skip("the weights of the extractor for natural images are not installed")
    source, extractor = opened(write(tmp_path, 6, least=1)), EXTRACTORS["natural-96"].open("cpu", 1)
    found = source.extract(np.arange(6), extractor)
    assert found.logits is not None
    np.testing.assert_allclose(found.features, one_by_one(source, extractor), rtol=0, atol=1e-4)


def test_as_source_and_as_reference(tmp_path: Path) -> None:
    a, b = (write(tmp_path / name, 60) for name in "ab")
    score = api.score(a, reference=b, extractor="pixels", metrics=("fid", "precision"))
    assert (score.protocol.n_fake, score.protocol.n_real) == (60, 60)
    assert "a has images of several sizes, b has images of several sizes: each is resized to 8×8" in score.notes
    same = api.score(a, reference=a, extractor="pixels", metrics=("fid",))
    assert same.estimates["fid"].value == pytest.approx(0, abs=1e-6)
    assert api.score(a, reference=b, extractor="pixels", profile="one-pass").estimates["fid"].value == pytest.approx(
        score.estimates["fid"].value
    )


def test_policies_share_neither_protocol_nor_digest(tmp_path: Path) -> None:
    a, b = (write(tmp_path / name, 60) for name in "ab")
    texts = [str(b), *(f"{b}?size=16&fit={fit}" for fit in ("crop", "pad", "stretch"))]
    scores = [api.score(a, reference=text, extractor="pixels", metrics=("fid",)) for text in texts]
    assert len({each.protocol_hash for each in scores}) == len({each.protocol.dataset_digest for each in scores}) == 4
    assert [each.protocol.dataset for each in scores] == [
        "b", *(f"b?size=16&fit={fit}" for fit in ("crop", "pad", "stretch"))
    ]  # fmt: skip
    assert "b?size=16&fit=pad: pad to 16×16, bicubic antialiased" in scores[2].policy
    assert scores[2].policy.count("transparency on white") == 1


def test_an_extractor_of_one_size_proposes_it(tmp_path: Path) -> None:
    mixed, square = write(tmp_path / "a", 60), tmp_path / "b"
    square.mkdir()
    for i in range(60):
        Image.fromarray(RNG.integers(256, size=(28, 28), dtype=np.uint8)).save(square / f"{i}.png")
    words = r"a has images of several sizes, but the extractor 'mnist' takes 28×28 pixels only\. Write 'folder:.*a"
    terms = Terms(extractor="mnist", device="cpu")
    for pair in ((mixed, square), (square, mixed)):
        with pytest.raises(ScoreError, match=words + r"\?size=28&fit=crop' \(or fit=pad, or fit=stretch\)"):
            source_setup(*map(open_source, pair), EXTRACTORS, {}, terms)
    with pytest.raises(ScoreError, match=words):
        api.compare(square, mixed, reference=square, extractor="mnist", metrics=("fid",), device="cpu")
    with pytest.raises(ScoreError, match=words):
        sums_of([open_source(square), open_source(mixed)], EXTRACTORS, terms)


def test_a_dataset_of_one_size_proposes_it(tmp_path: Path) -> None:
    mixed = write(tmp_path / "a", 60)
    with pytest.raises(
        ScoreError, match=r"The samples are of several sizes, but folder-a-16x8-pad is 3×16×8\. Write '.*a"
    ):
        api.score(mixed, data=f"folder:{mixed}?size=16x8&fit=pad", extractor="pixels")
    score = api.score(f"{mixed}?size=16x8", data=f"folder:{mixed}?size=16x8", extractor="pixels", metrics=("fid",))
    assert score.protocol.dataset == "folder-a-16x8-crop"


def test_images_smaller_than_the_cells_of_pixels_are_refused(tmp_path: Path) -> None:
    source = opened(write(tmp_path, 60, least=1))
    with pytest.raises(
        ScoreError, match=r"Images of different sizes have different features here, .* Name the folder with"
    ):
        source.extract(np.arange(60), PixelExtractor())


def test_no_array_holds_images_of_several_sizes(tmp_path: Path) -> None:
    source = opened(write(tmp_path, 6))
    with pytest.raises(DataError, match=r"has images of .* sizes"):
        source.take(np.arange(6))


def test_images_of_one_size_are_read_as_before(tmp_path: Path) -> None:
    """A batch at a time, in the order in which they are wanted: to the last bit."""
    x = RNG.integers(256, size=(BATCH + 9, 1, 8, 8), dtype=np.uint8)
    for i, image in enumerate(x):
        Image.fromarray(image[0]).save(tmp_path / f"{i:03}.png")
    source, extractor = opened(tmp_path), EXTRACTORS["digits"].open("cpu", 1)
    rows = RNG.permutation(len(x))
    wanted = ArraySource("x", "image", x).extract(rows, extractor)
    found = source.extract(rows, extractor)
    np.testing.assert_array_equal(found.features, wanted.features)
    assert found.logits is not None
    np.testing.assert_array_equal(found.logits, wanted.logits)
