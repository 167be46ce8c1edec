"""Terms turned into a setup: whose metrics, which extractor, in which order rows are looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import ModelError, ScoreError, UnknownName
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.setup import Setup, Terms, source_setup
from ganzoo.scoring.statistics_file import SavedFeatures
from ganzoo.scoring.stored import ArraySource, FeatureSource

X = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8)).astype(np.uint8)
ROWS = np.random.default_rng(1).normal(size=(120, 4))


def setup_of(zoo: Zoo, terms: Terms, *, features: bool = False) -> Setup:
    """One source against itself."""
    source = FeatureSource("f", SavedFeatures(ROWS)) if features else ArraySource("x", "image", X)
    return source_setup(source, source, zoo.extractors(), zoo.metrics(), terms, profiles=zoo.profiles())


def test_a_tools_profile_brings_its_metrics_and_its_extractor(zoo: Zoo) -> None:
    terms = Terms(profile="torch-fidelity", metrics=("kid",))
    given = setup_of(zoo, terms, features=True)
    assert [metric.name for metric in given.metrics] == ["torch-fidelity/kid"]
    with pytest.raises(ModelError, match="'inception' is not imported yet"):
        setup_of(zoo, terms)


@pytest.mark.parametrize(("profile", "as_stored"), [("ganzoo-1", False), ("one-pass", False), ("clean-fid", True)])
def test_other_tools_look_at_the_reference_in_the_order_of_its_file(zoo: Zoo, profile: str, as_stored: bool) -> None:
    setup = setup_of(zoo, Terms(profile=profile), features=True)
    assert np.array_equal(setup.side.build(setup.extractor).real, ROWS) == as_stored


def test_an_unknown_metric_is_told_from_columns_and_metrics(zoo: Zoo) -> None:
    for name, near in (("recal", "recall"), ("neighbour", "neighbours")):
        with pytest.raises(UnknownName, match=f"Unknown metric '{name}'. Did you mean '{near}'"):
            setup_of(zoo, Terms(metrics=(name,)))


def test_sums_of_two_extractors_are_not_added(zoo: Zoo, tmp_path: Path) -> None:
    """What the images were seen by is kept with their sums, so that the mistake is seen."""
    np.savez(tmp_path / "x.npz", x=X)
    terms = Terms(extractor="digits")
    api.statistics([tmp_path / "x.npz"], tmp_path / "digits.npz", terms=terms, zoo=zoo)
    with pytest.raises(ScoreError, match=r"'digits' \(2c4d9b60aac2\), but .*'pixels' \("):
        api.statistics(
            [tmp_path / "digits.npz", tmp_path / "x.npz"],
            tmp_path / "both.npz",
            terms=Terms(extractor="pixels"),
            zoo=zoo,
        )
