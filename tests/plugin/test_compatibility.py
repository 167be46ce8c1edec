from __future__ import annotations

import msgspec
import pytest

import ganzoo
from ganzoo.errors import Incompatible, PluginError
from ganzoo.plugin.compatibility import latent_spec, require_compatible
from ganzoo.types import DataSpec, Inputs, LatentSpec, Variant


class Options(ganzoo.Options):
    z_dim: int = 12
    codes: int = 10
    name: str = "x"


IMAGE = DataSpec(name="pictures", kind="image", shape=(3, 32, 32), classes=4)
VARIANT = Variant(
    name="toy",
    backend="numpy",
    summary="",
    paper="",
    options=Options,
    facts=ganzoo.Facts(loss="", optimiser="", update_order=""),
)


def variant(**changes: object) -> Variant:
    return msgspec.structs.replace(VARIANT, **changes)


def data(**changes: object) -> DataSpec:
    return msgspec.structs.replace(IMAGE, **changes)


def test_points_do_not_go_to_an_image_gan() -> None:
    points = data(name="ring", kind="points", shape=(2,))
    with pytest.raises(Incompatible, match="toy takes image data, but ring is points"):
        require_compatible(VARIANT, points)
    require_compatible(variant(takes=("image", "points")), points)


@pytest.mark.parametrize("classes", [0, 1])
def test_a_conditional_gan_needs_labels(classes: int) -> None:
    conditional = variant(inputs=Inputs(labels=True))
    with pytest.raises(Incompatible, match="needs class labels, but pictures has none"):
        require_compatible(conditional, data(classes=classes))
    require_compatible(conditional, IMAGE)


@pytest.mark.parametrize("shape", [(1, 7, 8), (1, 8, 7), (1, 65, 64), (1, 64, 65)])
def test_size_out_of_range(shape: tuple[int, ...]) -> None:
    with pytest.raises(Incompatible, match=f"8 to 64 pixels a side, but pictures is {shape[2]}×{shape[1]}"):
        require_compatible(VARIANT, data(shape=shape))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 64, 64), (1, 8, 64)])
def test_sizes_at_the_edges_fit(shape: tuple[int, ...]) -> None:
    require_compatible(VARIANT, data(shape=shape))


def test_incompatible_data_are_the_users_error() -> None:
    assert Incompatible.exit_code == 2


def test_latents_take_sizes_from_options_and_classes_from_the_data() -> None:
    inputs = Inputs(labels=True, categorical="codes", continuous=2, law="uniform")
    spec = latent_spec(variant(inputs=inputs), Options(z_dim=7), IMAGE)
    assert spec == LatentSpec(z_dim=7, law="uniform", classes=4, categorical=10, continuous=2)


def test_labels_are_left_out_where_not_asked_for() -> None:
    assert latent_spec(VARIANT, Options(), IMAGE) == LatentSpec(z_dim=12)


@pytest.mark.parametrize("option", ["nowhere", "name"])
def test_a_size_that_is_no_option_is_the_plugins_error(option: str) -> None:
    with pytest.raises(PluginError, match=f"option '{option}'"):
        latent_spec(variant(inputs=Inputs(z=option)), Options(), IMAGE)
