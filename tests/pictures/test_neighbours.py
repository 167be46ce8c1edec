from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictured import chart_cells
from PIL import Image

from ganzoo.data.base import quantise
from ganzoo.lettering import margin_of
from ganzoo.pictures import neighbours
from ganzoo.pictures.clouds import PointGroup
from ganzoo.pictures.neighbours import save_neighbours, short


def test_each_sample_stands_before_its_neighbours(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2, 1, 8, 8)).astype(np.float32)
    train = rng.uniform(-1, 1, (2, 3, 1, 8, 8)).astype(np.float32)
    for i, distances in enumerate((np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) + 0.5)):
        save_neighbours(x, train, distances, tmp_path / f"{i}.png", title="near")
    found = chart_cells(tmp_path / "0.png", ["sample 0", "sample 1"], 4, below=20)
    np.testing.assert_array_equal(found[:, 0], quantise(x)[:, 0])
    np.testing.assert_array_equal(found[:, 1:], quantise(train.reshape(6, 1, 8, 8)).reshape(2, 3, 8, 8))
    first, second = (np.asarray(Image.open(tmp_path / f"{i}.png"))[..., 0] for i in range(2))
    changed = np.flatnonzero((first != second).any(axis=1))
    assert set(changed) <= {*range(44 + 44, 44 + 64), *range(44 + 108, 44 + 128)}, "distances stand below the pictures"
    assert len(changed) > 10
    left = margin_of(["sample 0", "sample 1"])
    below = first[44 + 46 : 44 + 64, left:]
    inked = [bool((below[:, 42 * i + 4 : 42 * i + 42] > 128).any()) for i in range(4)]
    assert inked == [False, True, True, True], "a sample has no distance, each of its neighbours has"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0.0, "0.00"),
        (0.45, "0.450"),
        (1.2345, "1.23"),
        (123.4, "123"),
        (1234.5, "1e+03"),
        (0.0001234, "1e-04"),
        (0.001, "0.00100"),
    ],
)
def test_a_distance_is_short(distance: float, text: str) -> None:
    assert short(distance) == text
    assert len(text) <= 7


def test_points_are_stars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[PointGroup], dict[str, Any]]] = []
    monkeypatch.setattr(neighbours, "save_clouds", lambda groups, path, **more: seen.append((groups, more)))
    x, train = np.float32([[0, 0], [5, 5]]), np.float32([[[0, 1], [2, 0]], [[5, 5], [5, 5]]])
    behind = PointGroup("all", train[0])
    distances = np.array([[1.0, 2.0], [0.0, 0.0]])
    save_neighbours(x, train, distances, tmp_path / "x.png", title="near", behind=behind)
    ((groups, more),) = seen
    assert [group.label for group in groups] == ["0: 1.00 to 2.00", "1: 0.00"]
    assert groups[0].points.tolist() == [[0, 0], [0, 1], [0, 0], [2, 0]]
    assert more == {"title": "near", "behind": behind, "lines": True}
