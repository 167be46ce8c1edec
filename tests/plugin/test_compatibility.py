from __future__ import annotations

import msgspec
import pytest

import ganzoo
from ganzoo.checks.toys import forms
from ganzoo.errors import Incompatible, PluginError
from ganzoo.plugin.compatibility import latent_spec, require_compatible, when_labelled
from ganzoo.types import DataSpec, Inputs, LatentSpec, Variant


class Options(ganzoo.Options):
    z_dim: int = 12
    codes: int = 10
    maps: int = 2
    name: str = "x"
    conditional: bool = False


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
        require_compatible(VARIANT, Options(), points)
    require_compatible(variant(takes=("image", "points")), Options(), points)


@pytest.mark.parametrize("classes", [0, 1])
def test_a_conditional_gan_needs_labels(classes: int) -> None:
    conditional = variant(inputs=Inputs(labels=True))
    with pytest.raises(Incompatible, match="needs class labels, but pictures has none") as caught:
        require_compatible(conditional, Options(), data(classes=classes))
    assert caught.value.hint == "Use labelled data: one subfolder per class, or a 'y' array in the npz."
    require_compatible(conditional, Options(), IMAGE)


BY_OPTION = Inputs(labels="conditional")


def test_an_option_says_whether_labels_are_needed() -> None:
    gan, unlabelled = variant(inputs=BY_OPTION), data(classes=0)
    require_compatible(gan, Options(), unlabelled)
    require_compatible(gan, Options(conditional=True), IMAGE)
    with pytest.raises(
        Incompatible, match="toy is conditional and needs class labels, but pictures has none"
    ) as caught:
        require_compatible(gan, Options(conditional=True), unlabelled)
    assert caught.value.hint.endswith("npz, or set conditional=false.")


@pytest.mark.parametrize("conditional", [True, False])
def test_the_classes_are_an_input_where_the_option_is_true(conditional: bool) -> None:
    spec = latent_spec(variant(inputs=BY_OPTION), Options(conditional=conditional), IMAGE)
    assert spec.names == (("z", "y") if conditional else ("z",))
    assert spec.classes == 4 * conditional


@pytest.mark.parametrize("option", ["nowhere", "name", "codes"])
def test_an_option_for_labels_is_true_or_false(option: str) -> None:
    with pytest.raises(PluginError, match=f"takes labels by its option '{option}', but"):
        latent_spec(variant(inputs=Inputs(labels=option)), Options(), IMAGE)


def test_labels_may_be_needed_where_the_generator_takes_none() -> None:
    learner = variant(labelled=True)
    with pytest.raises(Incompatible, match="toy needs class labels, but pictures has none") as caught:
        require_compatible(learner, Options(), data(classes=1))
    assert caught.value.hint == "Use labelled data: one subfolder per class, or a 'y' array in the npz."
    require_compatible(learner, Options(), IMAGE)
    assert latent_spec(learner, Options(), IMAGE).names == ("z",)
    assert [form.data.spec.classes > 0 for form in forms(learner, Options())] == [True] * 3
    assert [form.data.spec.classes > 0 for form in forms(VARIANT, Options())] == [True, False, False]


def test_what_listings_say_of_labels() -> None:
    for labelled, said in ((False, ", labelled with conditional=true"), (True, ", labelled")):
        assert when_labelled(variant(inputs=BY_OPTION, labelled=labelled), ", labelled") == said
        assert when_labelled(variant(inputs=Inputs(labels=True), labelled=labelled), ", labelled") == ", labelled"
        assert when_labelled(variant(labelled=labelled), ", labelled") == ", labelled" * labelled


@pytest.mark.parametrize("shape", [(1, 7, 8), (1, 8, 7), (1, 65, 64), (1, 64, 65)])
def test_size_out_of_range(shape: tuple[int, ...]) -> None:
    with pytest.raises(Incompatible, match=f"8 to 64 pixels a side, but pictures is {shape[2]}×{shape[1]}"):
        require_compatible(VARIANT, Options(), data(shape=shape))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 64, 64), (1, 8, 64)])
def test_sizes_at_the_edges_fit(shape: tuple[int, ...]) -> None:
    require_compatible(VARIANT, Options(), data(shape=shape))


def test_incompatible_data_are_the_users_error() -> None:
    assert Incompatible.exit_code == 2


def test_latents_take_sizes_from_options_and_classes_from_the_data() -> None:
    inputs = Inputs(labels=True, categorical="codes", continuous=2, law="uniform")
    spec = latent_spec(variant(inputs=inputs), Options(z_dim=7), IMAGE)
    assert spec == LatentSpec(z_dim=7, law="uniform", classes=4, categorical=10, continuous=2)


def test_labels_are_left_out_where_not_asked_for() -> None:
    assert latent_spec(VARIANT, Options(), IMAGE) == LatentSpec(z_dim=12)


def test_noise_is_as_large_as_the_images() -> None:
    assert latent_spec(variant(inputs=Inputs(noise=3)), Options(), IMAGE) == LatentSpec(z_dim=12, noise=(3, 32, 32))
    by_option = variant(inputs=Inputs(noise="maps"))
    assert latent_spec(by_option, Options(), IMAGE).names == ("z", "noise")
    assert latent_spec(by_option, Options(maps=0), IMAGE) == LatentSpec(z_dim=12)


def test_points_have_no_pixels_for_noise() -> None:
    noisy, points = variant(inputs=Inputs(noise="maps"), takes=("image", "points")), data(kind="points", shape=(2,))
    with pytest.raises(Incompatible, match=r"toy takes maps of noise as large as the images, and pictures is points\."):
        require_compatible(noisy, Options(), points)
    require_compatible(noisy, Options(maps=0), points)
    require_compatible(noisy, Options(), IMAGE)


@pytest.mark.parametrize("option", ["nowhere", "name"])
def test_a_size_that_is_no_option_is_the_plugins_error(option: str) -> None:
    with pytest.raises(PluginError, match=f"option '{option}'"):
        latent_spec(variant(inputs=Inputs(z=option)), Options(), IMAGE)
