"""The order of rows: by content and chance, whatever the place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.data import load
from ganzoo.data.builtin import builtin_sources
from ganzoo.ordering import content_order
from ganzoo.scoring.compare import compared
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.setup import Terms

RNG = np.random.default_rng(0)


def sequence(contents: list[bytes], seed: int = 0) -> list[bytes]:
    return [contents[row] for row in content_order(contents, seed, "test")]


def test_any_permutation_gives_the_same_sequence() -> None:
    contents = [bytes([value]) for value in RNG.integers(0, 50, 400)]
    expected = sequence(contents)
    assert Counter(expected) == Counter(contents)
    for _ in range(5):
        assert sequence([contents[i] for i in RNG.permutation(400)]) == expected
    assert sequence(contents, seed=1) != expected


def test_copies_are_scattered() -> None:
    first = sequence([b"%d" % (i % 20) for i in range(2000)])[:200]
    counts = Counter(first)
    assert len(counts) == 20, "equal rows stand next to each other"
    assert max(counts.values()) < 30


def test_the_order_is_random() -> None:
    rows = content_order([b"%d" % i for i in range(4000)], 0, "test")
    halves = np.bincount(rows[:2000] // 2000, minlength=2)
    assert abs(halves[0] - 1000) < 100  # three standard deviations: 3 √(4000/16)
    assert abs(np.corrcoef(rows, np.arange(4000))[0, 1]) < 0.05


def test_two_purposes_prefer_different_rows() -> None:
    contents = [b"%d" % i for i in range(1000)]
    a, b = (set(content_order(contents, 0, purpose)[:100].tolist()) for purpose in ("score", "reference"))
    assert len(a & b) < 30  # 10 expected


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training digits with labels, as files: shuffled and sorted by class; likewise their features."""
    train = load("digits", {source.name: source for source in builtin_sources()}).train
    assert train.y is not None
    folder = tmp_path_factory.mktemp("digits")
    features = train.scaled().reshape(len(train), -1)
    for name, order in (("mixed", RNG.permutation(len(train))), ("sorted", np.argsort(train.y, kind="stable"))):
        x, y, rows = train.x[order], train.y[order], features[order]
        np.savez(folder / f"{name}.npz", x=x)
        np.savez(folder / f"{name}-labelled.npz", x=x, y=y)
        np.savez(folder / f"{name}-part.npz", x=x[y < 6])
        np.savez(folder / f"{name}-features.npz", features=rows)
        np.savez(folder / f"{name}-part-features.npz", features=rows[y < 6])
    return folder


CASES = [
    ("{}.npz", "digits", ()),
    ("{}-labelled.npz", "digits", ("all",)),
    ("{}-part.npz", "{}.npz", ()),
    ("mixed-part.npz", "{}.npz", ()),
    ("{}.npz", "mixed-part.npz", ()),
    ("{}-labelled.npz", "mixed-labelled.npz", ()),
    ("{}-part-features.npz", "{}-features.npz", ()),
]


@pytest.mark.parametrize("profile", ["ganzoo-1", "one-pass"])
@pytest.mark.parametrize(("source", "reference", "metrics"), CASES)
def test_no_score_depends_on_the_order_of_rows(
    source: str, reference: str, metrics: tuple[str, ...], profile: str, digits: Path
) -> None:
    if profile == "one-pass":
        metrics = ()

    def score(order: str) -> ganzoo.Score:
        real = reference.format(order)
        data = {"data": real} if real == "digits" else {"reference": digits / real}
        return ganzoo.score(digits / source.format(order), profile=profile, metrics=metrics, **data)

    mixed, by_class = score("mixed"), score("sorted")
    assert by_class.estimates.keys() == mixed.estimates.keys()
    assert by_class.notes == mixed.notes
    for name, estimate in mixed.estimates.items():
        assert by_class.estimates[name].value == pytest.approx(estimate.value, rel=1e-9, abs=1e-9), name
        errors = by_class.estimates[name].se, estimate.se
        assert errors == (None, None) or errors[0] == pytest.approx(errors[1], rel=1e-6, abs=1e-9), name


def test_a_flat_folder_in_the_order_of_its_names(tmp_path: Path, digits: Path) -> None:
    from PIL import Image

    x = np.load(digits / "sorted-part.npz")["x"][:300]
    for name, order in (("a", np.arange(300)), ("b", RNG.permutation(300))):
        (tmp_path / name).mkdir()
        for i, row in enumerate(order):
            Image.fromarray(x[row, 0]).save(tmp_path / name / f"{i:04}.png")
    a, b = (ganzoo.score(tmp_path / name, reference=digits / "mixed-part.npz") for name in "ab")
    assert {k: e.value for k, e in a.estimates.items()} == pytest.approx({k: e.value for k, e in b.estimates.items()})


def test_a_file_does_not_differ_from_its_own_permutation(digits: Path) -> None:
    one = ganzoo.api.comparison(digits / "sorted.npz", reference=digits / "mixed-part.npz", terms=Terms())
    other = open_source(digits / "mixed.npz")
    found = compared(one.setup, one.source, other).differences
    assert {"fid", "kid", "precision", "recall", "coverage", "vendi"} <= {each.column for each in found}
    assert {each.verdict for each in found} == {"no difference"}


def test_two_clusters_that_are_sorted(tmp_path: Path) -> None:
    points = np.concatenate([RNG.normal(0, 1, (200, 2)), RNG.normal(20, 1, (200, 2))]).astype(np.float32)
    np.savez(tmp_path / "sorted.npz", x=points)
    np.savez(tmp_path / "reference.npz", x=points[::2] + np.float32(0.01))
    score = ganzoo.score(tmp_path / "sorted.npz", reference=tmp_path / "reference.npz").estimates
    assert score["recall"].value > 0.9
    assert score["coverage"].value > 0.85
