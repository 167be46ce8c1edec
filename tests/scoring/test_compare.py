"""Two sources on one reference: what cancels between them, and what does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo import api
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring import compare
from ganzoo.scoring.setup import source_setup
from ganzoo.scoring.stored import ArraySource
from ganzoo.training.runs import RunFolder

COLUMNS = ("fid", "kid", "precision")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A Gaussian of the digits."""
    return ganzoo.train("gaussian", runs=tmp_path_factory.mktemp("runs"))


def errors(first: Path, second: Path) -> dict[str, float]:
    found = ganzoo.compare(first, second, data="digits", n=400)
    return {each.column: float(each.gap.se or 0) for each in found.differences if each.column in COLUMNS}


def test_only_generators_share_their_latents(run: RunFolder, tmp_path: Path) -> None:
    """Rows of two files are no pairs, not even where they happen to be the same samples in the same order."""
    x = np.clip(np.rint((ganzoo.sample(run.path, 400) + 1) * 127.5), 0, 255).astype(np.uint8)
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for file in files:
        np.savez(file, x=x)
    assert all(error == 0 for error in errors(run.path, run.path).values())
    apart = errors(*files)
    assert apart.keys() == set(COLUMNS)
    assert all(error > 0 for error in apart.values()), apart
    assert all(error > 0 for error in errors(run.path, files[0]).values())


@pytest.mark.parametrize(("profile", "n"), [("ganzoo-1", 300), ("ganzoo-1", 120), ("clean-fid", 300)])
def test_the_copies_shown_are_the_samples_behind_the_rows(
    profile: str, n: int, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever order a profile looks at the rows of a file, and however many of them."""
    x = np.clip(np.rint((ganzoo.sample(run.path, 300) + 1) * 127.5), 0, 255).astype(np.uint8)
    np.savez(tmp_path / "x.npz", x=x)
    terms = ganzoo.Terms(n=n, profile=profile, extractor="digits", device="cpu")
    found = api.comparison(tmp_path / "x.npz", "digits", terms=terms)
    shown: list[tuple[np.ndarray, np.ndarray, list[float], Path]] = []
    monkeypatch.setattr(compare, "copies_picture", lambda *given: shown.append(given))
    found.save_copies(tmp_path / "copies.png", 7)
    ((samples, train, ratios, path),) = shown
    assert path == tmp_path / "copies.png"
    worst = found.worst_copies(7)
    assert ratios == [each.ratio for each in worst]
    extractor, rows = found.setup.extractor, [each.sample for each in worst]
    np.testing.assert_allclose(extractor.extract(samples).features, found.drawn.extracted.features[rows], atol=1e-5)
    places = [each.train for each in worst]
    np.testing.assert_allclose(extractor.extract(train).features, found.setup.reference.train[places], atol=1e-5)


class Clipped(ArraySource):
    """Images that say that some of their values were clipped, as a generator's samples may."""

    @property
    def clipped(self) -> tuple[str, ...]:
        return (f"{self.name} was clipped",)


def test_what_was_clipped_is_noted_of_all_three() -> None:
    rng = np.random.default_rng(0)
    real, one, other = (Clipped(name, "image", rng.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)) for name in "rab")
    zoo = Zoo.discover()
    terms = ganzoo.Terms(metrics=("fid",))
    setup = source_setup(real, one, zoo.extractors(), zoo.metrics(), terms)
    found = compare.compared(setup, one, other)
    assert found.notes[-3:] == ("a was clipped", "b was clipped", "r was clipped")
    assert compare.Comparison(setup, one).score().notes[0] == "r was clipped"


@pytest.mark.parametrize(
    ("gap", "p", "better", "verdict"),
    [
        (0.0, 0.0, "lower", "no difference"),
        (1.0, 0.06, "lower", "may be chance"),
        (1.0, 0.04, "neither", "they differ"),
        (-1.0, 0.04, "lower", "A is better"),
        (1.0, 0.04, "lower", "B is better"),
        (1.0, 0.04, "higher", "A is better"),
        (-1.0, 0.04, "higher", "B is better"),
    ],
)
def test_what_a_difference_is_called(gap: float, p: float, better: str, verdict: str) -> None:
    assert compare._verdict(gap, p, better) == verdict


@pytest.mark.parametrize("turned", [False, True])
def test_sources_of_different_sizes_are_compared_on_equal_footing(tmp_path: Path, zoo: Zoo, turned: bool) -> None:
    """Precision and the like depend on the number of samples: a set and the first third of it do not differ by it."""
    x = np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8)).astype(np.uint8)
    np.savez(tmp_path / "all.npz", x=x)
    np.savez(tmp_path / "few.npz", x=x[:100] // 2)
    names = ["few.npz", "all.npz"] if turned else ["all.npz", "few.npz"]
    found = api.compare(*(tmp_path / name for name in names), "digits", extractor="digits", zoo=zoo)
    assert "of both 100 samples are looked at, as few.npz has no more" in found.notes
    assert {each.gap.n for each in found.differences} == {100}
    alone = api.score(tmp_path / "few.npz", "digits", extractor="digits", zoo=zoo)
    assert found.protocol_hash == alone.protocol_hash, "of as many samples as were looked at"
    column = {each.column: each for each in found.differences}["precision"]
    assert (column.first if turned else column.second) == alone.estimates["precision"].value
    equal = api.compare(tmp_path / "all.npz", tmp_path / "all.npz", "digits", extractor="digits", zoo=zoo)
    assert not any("looked at" in note for note in equal.notes)
    assert set(equal.notes) < set(found.notes), "nothing is said of equal sizes"


@pytest.mark.parametrize(("gap", "better", "says"), [
    (0.5, "lower", "B is better"), (-0.5, "lower", "A is better"), (0.5, "higher", "A is better"),
    (-0.5, "higher", "B is better"), (0.5, "neither", "they differ"), (0.0, "lower", "no difference"),
])  # fmt: skip
def test_which_of_two_is_better(gap: float, better: str, says: str) -> None:
    assert compare._verdict(gap, 0.01, better) == says
    assert gap == 0 or compare._verdict(gap, 0.051, better) == "may be chance"
