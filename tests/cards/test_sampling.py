"""The five lines of a card: they run, and what they give a generator keeps its contract."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from carded import with_manifest

from ganzoo.cards.page import card, page_of
from ganzoo.cards.record import Record
from ganzoo.cards.sampling import N, lines
from ganzoo.generator.contract import DTYPES, NUMPY_TYPES, tails
from ganzoo.training.runs import RunFolder
from ganzoo.types import DataSpec, LatentSpec

if TYPE_CHECKING:
    from ganzoo.types import Array


@pytest.mark.parametrize("name", ["gaussian", "labelled"])
def test_the_lines_of_a_card_draw_images(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: RunFolder = request.getfixturevalue(name)
    monkeypatch.chdir(run.path)
    found = re.search(r"^```python\n(.*?)^```", card(run.path), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) == 5
    names: dict[str, Any] = {}
    exec(found[1], names)
    images = names["images"]
    assert (images.shape, images.dtype) == ((N, 1, 8, 8), np.uint8)
    assert len(np.unique(images)) > 20
    assert len(np.unique(images, axis=0)) >= 10, "a sample of each class, at least"


@pytest.mark.parametrize(
    "latent",
    [
        LatentSpec(z_dim=5),
        LatentSpec(z_dim=5, law="uniform"),
        LatentSpec(z_dim=5, classes=3),
        LatentSpec(z_dim=5, categorical=4),
        LatentSpec(z_dim=5, continuous=2),
        LatentSpec(z_dim=5, classes=20, categorical=4, continuous=2, noise=(3, 8, 8)),
    ],
    ids=lambda latent: "+".join(latent.names),
)
@pytest.mark.parametrize("shape", [(1, 8, 8), (2,)], ids=str)
def test_inputs_keep_the_contract(
    latent: LatentSpec, shape: tuple[int, ...], record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Array] = {}

    def session(path: str, providers: list[str]) -> Any:
        assert path == "generator.onnx"
        return SimpleNamespace(run=lambda outputs, inputs: given.update(inputs) or [np.zeros((N, *shape), np.float32)])

    monkeypatch.setitem(sys.modules, "onnxruntime", SimpleNamespace(InferenceSession=session))
    data = DataSpec(name="d", kind="image" if len(shape) == 3 else "points", shape=shape)
    names: dict[str, Any] = {}
    exec(lines(with_manifest(record, latent=latent, data=data).manifest, "generator.onnx"), names)
    expected = {name: (N, *tail) for name, tail in tails(latent, shape).items() if name != "x"}
    assert {name: value.shape for name, value in given.items()} == expected
    assert {name: value.dtype.name for name, value in given.items()} == {
        name: NUMPY_TYPES[DTYPES[name]] for name in expected
    }
    assert names["x"].shape == (N, *shape)
    laws(latent, given)


def laws(latent: LatentSpec, given: dict[str, Array]) -> None:
    bounded = bool((np.abs(given["z"]) <= 1).all())
    assert bounded == (latent.law == "uniform")
    assert given["z"].min() < -0.5
    if latent.classes:
        assert set(given["y"].tolist()) == set(range(min(N, latent.classes)))
    if latent.code_dim:
        onehot, values = given["c"][:, : latent.categorical], given["c"][:, latent.categorical :]
        if latent.categorical:
            assert set(np.unique(onehot).tolist()) == {0.0, 1.0}
            assert (onehot.sum(axis=1) == 1).all()
        assert (np.abs(values) <= 1).all()
        assert values.size == 0 or values.min() < 0 < values.max()
    if latent.noise:
        assert np.abs(given["noise"]).max() > 1


def test_every_input_is_explained(record: Record) -> None:
    latent = LatentSpec(z_dim=5, law="uniform", classes=3, categorical=4, continuous=2, noise=(3, 8, 8))
    text = page_of(with_manifest(record, latent=latent))
    assert (
        "`z` is drawn from U(-1, 1), `y` the class, 0 … 2, `c` a code of 4 one-hot columns and 2 columns from "
        "U(-1, 1), `noise` maps of N(0, 1)."
    ) in text
    only = msgspec.structs.replace(latent, categorical=0, classes=0, noise=())
    assert "`z` is drawn from U(-1, 1), `c` a code of 2 columns" in page_of(with_manifest(record, latent=only))
