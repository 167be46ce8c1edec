from __future__ import annotations

import re
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import pytest
from pictured import cells, chart_cells, generator
from PIL import Image

from ganzoo.data.base import quantise
from ganzoo.errors import UsageError
from ganzoo.pictures import clouds, walks
from ganzoo.pictures.charts import chart
from ganzoo.pictures.clouds import COLOURS, MARKERS, PointGroup, save_clouds
from ganzoo.pictures.paths import STEPS, axis_of, between, class_axis
from ganzoo.types import LatentSpec

PLAIN = LatentSpec(z_dim=6)
CODED = LatentSpec(z_dim=3, categorical=3, continuous=2)
CLASSES = LatentSpec(z_dim=3, classes=3)


def drawn_groups(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[PointGroup], dict[str, Any]]]:
    """What is drawn as clouds from now on."""
    seen: list[tuple[list[PointGroup], dict[str, Any]]] = []

    def keep(groups: Any, path: Path, **more: Any) -> None:
        seen.append((list(groups), more))
        save_clouds(groups, path, **more)

    monkeypatch.setattr(walks, "save_clouds", keep)
    return seen


def test_a_grid_of_a_shape_has_the_samples_of_the_seed_in_reading_order(tmp_path: Path) -> None:
    plain = generator(tmp_path, PLAIN)
    assert walks.save_exact_grid(plain, tmp_path / "grid.png", 4, 10, seed=3) == 40
    assert Image.open(tmp_path / "grid.png").size == (10 * 42 + 2, 4 * 42 + 2)
    found = cells(tmp_path / "grid.png", 4, 10).reshape(40, 1, 8, 8)
    np.testing.assert_array_equal(found, quantise(plain.sample(40, 3)))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_grid_without_a_place_is_refused(shape: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no place"):
        walks.save_exact_grid(generator(tmp_path, PLAIN), tmp_path / "grid.png", *shape)


def test_the_ends_of_a_row_are_ordinary_samples_to_the_bit(tmp_path: Path) -> None:
    plain = generator(tmp_path, PLAIN)
    assert walks.save_interpolation(plain, tmp_path / "way.png", 7, rows=3, seed=5) == 21
    found = chart_cells(tmp_path / "way.png", ["0 → 1", "2 → 3", "4 → 5"], 7)
    samples = quantise(plain.sample(6, 5))[:, 0]
    np.testing.assert_array_equal(found[:, 0], samples[0::2])
    np.testing.assert_array_equal(found[:, -1], samples[1::2])
    z = plain.inputs(6, 5)["z"]
    middle = plain.run({"z": between(z[2], z[3], 7, "normal")[3:4]})
    np.testing.assert_array_equal(found[1, 3], quantise(middle)[0, 0])


def test_a_row_keeps_the_class_and_the_noise_of_its_first_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = generator(tmp_path, LatentSpec(z_dim=3, classes=3, noise=(1, 8, 8)))
    named: list[Any] = []
    monkeypatch.setattr(walks, "chart", lambda *given: named.append(given[2]) or chart(*given))
    seen: list[dict[str, np.ndarray]] = []
    run = noisy.run
    monkeypatch.setattr(noisy, "run", lambda inputs: seen.append(inputs) or run(inputs))
    walks.save_interpolation(noisy, tmp_path / "way.png", 4, rows=2, seed=1)
    assert named == [["0 → z of 1", "2 → z of 3"]], "the last picture is not sample 1"
    ends = noisy.inputs(4, 1)
    assert ends["y"][0] != ends["y"][1], "there is something to be seen"
    for row, inputs in enumerate(seen):
        np.testing.assert_array_equal(inputs["y"], [ends["y"][2 * row]] * 4)
        np.testing.assert_array_equal(inputs["noise"], ends["noise"][2 * row][None].repeat(4, axis=0))
        np.testing.assert_array_equal(inputs["z"][[0, -1]], ends["z"][2 * row : 2 * row + 2])


def test_the_way_between_normal_latents_keeps_their_length() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 64))
    a, b = (8 * each / np.linalg.norm(each) for each in (a, b))
    a, b = a.astype(np.float32), b.astype(np.float32)
    way = between(a, b, 9, "normal")
    np.testing.assert_array_equal(way[[0, -1]], [a, b])
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 8, rtol=1e-5)
    turns = [one @ other / 64 for one, other in pairwise(way)]
    np.testing.assert_allclose(turns, turns[0], rtol=1e-5, err_msg="equal angles")
    assert np.linalg.norm((a + b) / 2) < 7, "the straight line is nearer to 0"


def test_the_way_between_uniform_latents_is_straight() -> None:
    a, b = np.float32([-1, 0.3, 1]), np.float32([1, 0.1, 1])
    way = between(a, b, 3, "uniform")
    np.testing.assert_array_equal(way[[0, -1]], [a, b])
    np.testing.assert_allclose(way[1], [0, 0.2, 1], atol=1e-7)


@pytest.mark.parametrize("b", [(1.0, 2.0), (-1.0, -2.0), (0.0, 0.0), (2.0, 4.0)])
def test_latents_on_one_line_through_0_have_a_way(b: tuple[float, float]) -> None:
    ends = np.float32([1, 2]), np.float32(b)
    way = between(*ends, 5, "normal")
    np.testing.assert_array_equal(way[[0, -1]], ends)
    np.testing.assert_allclose(way[2], (ends[0] + ends[1]) / 2, atol=1e-6)


def test_one_picture_is_no_way() -> None:
    with pytest.raises(UsageError, match="no 1 pictures from one sample to another"):
        between(np.zeros(2, np.float32), np.ones(2, np.float32), 1, "normal")


def test_the_categorical_code_is_the_first_one(tmp_path: Path) -> None:
    coded = generator(tmp_path, CODED)
    axis = axis_of(coded, "c0")
    assert axis.labels == ("0", "1", "2")
    before = coded.inputs(4, 2)
    for value, inputs in enumerate(axis.each(before)):
        assert inputs["c"][:, :3].tolist() == [np.eye(3)[value].tolist()] * 4
        np.testing.assert_array_equal(inputs["c"][:, 3:], before["c"][:, 3:])
        np.testing.assert_array_equal(inputs["z"], before["z"])


@pytest.mark.parametrize(
    ("latent", "code", "key", "column", "far"),
    [
        (CODED, "c1", "c", 3, 2.0),
        (CODED, "c2", "c", 4, 2.0),
        (LatentSpec(z_dim=3, continuous=2), "c0", "c", 0, 2.0),
        (CODED, "z2", "z", 2, 2.0),
        (LatentSpec(z_dim=3, law="uniform"), "z0", "z", 0, 1.0),
    ],
)
def test_a_number_goes_along_its_values(
    latent: LatentSpec, code: str, key: str, column: int, far: float, tmp_path: Path
) -> None:
    model = generator(tmp_path, latent)
    axis = axis_of(model, code)
    assert (axis.labels[0], axis.labels[STEPS // 2], axis.labels[-1]) == (f"−{far:g}", "0", f"{far:g}")
    before = model.inputs(2, 1)
    found = list(axis.each(before))
    assert [inputs[key][1, column] for inputs in found] == np.linspace(-far, far, STEPS, dtype=np.float32).tolist()
    for name in before:
        others = [each for each in range(before[name].shape[1]) if (name, each) != (key, column)]
        np.testing.assert_array_equal(found[-1][name][:, others], before[name][:, others])


def test_a_traversal_has_a_row_for_each_sample(tmp_path: Path) -> None:
    coded = generator(tmp_path, CODED)
    assert walks.save_traversal(coded, tmp_path / "code.png", "c1", rows=2, seed=4) == 2 * STEPS
    found = chart_cells(tmp_path / "code.png", ["sample 0", "sample 1"], STEPS)
    for value, inputs in enumerate(axis_of(coded, "c1").each(coded.inputs(2, 4))):
        np.testing.assert_array_equal(found[:, value], quantise(coded.run(inputs))[:, 0])


def test_a_traversal_of_the_class_names_the_classes(tmp_path: Path) -> None:
    conditional = generator(tmp_path, CLASSES)
    conditional.info = msgspec.structs.replace(conditional.info, class_names=("cat", "dog", "emu"))
    assert axis_of(conditional, "y").labels == class_axis(conditional).labels == ("cat", "dog", "emu")
    assert walks.save_traversal(conditional, tmp_path / "y.png", "y", rows=1) == 3
    found = chart_cells(tmp_path / "y.png", ["sample 0"], 3)
    same = {**conditional.inputs(3), "z": conditional.inputs(1)["z"].repeat(3, axis=0), "y": np.arange(3)}
    np.testing.assert_array_equal(found[0], quantise(conditional.run(same))[:, 0])


@pytest.mark.parametrize(
    ("latent", "code", "sentence"),
    [
        (CODED, "c3", "fake has no code 'c3'; it has c0, c1, c2 and z0 to z2."),
        (CODED, "y", "fake has no code 'y'"),
        (PLAIN, "c0", "fake has no code 'c0'; it has no codes, only z0 to z5."),
        (CLASSES, "z3", "it has y (its class) and z0 to z2."),
        (PLAIN, "z", "fake has no code 'z'"),
        (PLAIN, "z٣", "fake has no code 'z٣'"),
        (PLAIN, "z-1", "fake has no code 'z-1'"),
    ],
)
def test_a_code_that_is_not_there_is_told_from_those_that_are(
    latent: LatentSpec, code: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        walks.save_traversal(generator(tmp_path, latent), tmp_path / "x.png", code)
    assert not (tmp_path / "x.png").exists()


def test_a_class_cannot_be_fixed_and_vary(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The class cannot be 1 and vary"):
        walks.save_traversal(generator(tmp_path, CLASSES), tmp_path / "x.png", "y", label=1)


def test_each_class_has_a_row_in_order(tmp_path: Path) -> None:
    conditional = generator(tmp_path, CLASSES)
    assert walks.save_classes(conditional, tmp_path / "classes.png", 12, seed=2) == 12
    found = cells(tmp_path / "classes.png", 3, 4, between=2)
    for label in range(3):
        np.testing.assert_array_equal(found[label], quantise(conditional.sample(4, 2, label=label))[:, 0])
    assert walks.save_classes(conditional, tmp_path / "classes.png", 2) == 3, "each class has one at least"


def test_nothing_is_drawn_per_class_of_a_generator_without(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fake takes neither a class nor a categorical code to draw a row for each"):
        walks.save_classes(generator(tmp_path, PLAIN), tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["way", "code", "classes"])
def test_the_same_seed_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    for data, latent in ((graphs.IMAGES, CODED), (graphs.POINTS, CODED)):
        model = generator(tmp_path, latent, data)
        draw: Any = {
            "way": lambda path, seed, model=model: walks.save_interpolation(model, path, 5, 2, seed),
            "code": lambda path, seed, model=model: walks.save_traversal(model, path, "c0", 2, seed),
            "classes": lambda path, seed, model=model: walks.save_classes(model, path, 6, seed),
        }[kind]
        for name, seed in (("a", 0), ("b", 0), ("c", 1)):
            draw(tmp_path / f"{name}.png", seed)
        a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
        assert a == b != c


def test_points_go_in_paths_before_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn_groups(monkeypatch)
    points = generator(tmp_path, PLAIN, graphs.POINTS)
    behind = PointGroup("real", np.zeros((5, 2), np.float32))
    assert walks.save_interpolation(points, tmp_path / "way.png", 6, rows=2, seed=1, behind=behind) == 12
    ((groups, more),) = seen
    assert [group.label for group in groups] == ["0 → 1", "2 → 3"]
    samples = points.sample(4, 1)
    for row, group in enumerate(groups):
        np.testing.assert_array_equal(group.points[[0, -1]], samples[2 * row : 2 * row + 2])
    assert more["behind"] is behind
    assert more["lines"]


def test_points_of_a_code_are_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = drawn_groups(monkeypatch)
    coded = generator(tmp_path, CODED, graphs.POINTS)
    assert walks.save_traversal(coded, tmp_path / "c0.png", "c0", seed=1) == 3 * 667
    walks.save_traversal(coded, tmp_path / "c1.png", "c1", seed=1)
    walks.save_classes(coded, tmp_path / "classes.png", 30)
    assert [group.label for group in seen[0][0]] == ["c0 = 0", "c0 = 1", "c0 = 2"]
    assert [more["ordered"] for _, more in seen] == [False, True, False]
    assert [len(group.points) for group in seen[2][0]] == [50] * 3, "fewer could not be seen as a cloud"
    with pytest.raises(UsageError, match="which are drawn in one plot"):
        walks.save_exact_grid(coded, tmp_path / "grid.png", 2, 2)


def test_groups_differ_in_more_than_colour(tmp_path: Path) -> None:
    pairs = {(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i in range(72)}
    assert len(pairs) == 72
    greys = []
    for shade in clouds._shades(9):
        greys.append(0.2126 * shade[0] + 0.7152 * shade[1] + 0.0722 * shade[2])
    assert np.all(np.diff(greys) > 0.03), "an order that is seen without any colour"
    many = [PointGroup(f"_$group^{i}", np.full((2, 1), i, np.float32)) for i in range(40)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_clouds(many, tmp_path / "many.png", title="a $ title_{")
    assert Image.open(tmp_path / "many.png").size == (770, 500), "room for a legend of two columns"
