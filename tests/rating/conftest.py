"""A study without a store: two models whose images are of one grey each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganzoo.rating.images import Images
from ganzoo.rating.questions import REAL
from ganzoo.rating.session import RatingSession
from ganzoo.rating.study import POOL, Mode, Model, Study

MODELS = (Model("good", "runs/d/good/1", "a" * 64), Model("bad", "runs/d/bad/1", "b" * 64))


def study_of(mode: Mode = "untimed", images: int = 20, **more: object) -> Study:
    return Study(dataset="d", dataset_digest="0" * 12, mode=mode, images=images, models=MODELS, **more)  # type: ignore[arg-type]


@pytest.fixture
def images() -> Images:
    """Whose grey says where an image comes from: 10 good, 20 bad, 30 real; one pixel says which it is."""
    pools = {}
    for source, grey, size in (("good", 10, POOL), ("bad", 20, POOL), (REAL, 30, 40)):
        pools[source] = np.full((size, 1, 8, 8), grey, np.uint8)
        pools[source][:, 0, 0, 0] = np.arange(size) % 256
    return Images(pools)


@pytest.fixture
def session(images: Images, tmp_path: Path) -> Callable[..., RatingSession]:
    """A new session, as after a start of the program, in one folder."""
    return lambda mode="untimed", n=20: RatingSession(study_of(mode, n), tmp_path, images)
