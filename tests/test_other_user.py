"""Files of another user: what can be read is read, what cannot be written is done without or named in one sentence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pooch  # noqa: F401 - afterwards Python's own modules may be out of reach
import pytest

import ganzoo
from ganzoo import api
from ganzoo.data import files
from ganzoo.errors import DataError, GanzooError, StoreError
from ganzoo.extractors.catalogue import builtin_extractors, shipped_extractors, state_of
from ganzoo.extractors.natural import available
from ganzoo.plugin.entry_points import GROUPS, installed
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.reference import cached
from ganzoo.training.runs import RunFolder

NOBODY = 65534


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache of root, whom this thread is not for a while; all modules are imported already."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can be another user")
    above = {*tmp_path.parents, tmp_path, *Path(ganzoo.__file__).resolve().parents} - {Path("/tmp")}
    closed = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in above if not folder.stat().st_mode & 0o001}
    for folder, mode in closed.items():
        folder.chmod(mode | 0o011)
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("GANZOO_CACHE", str(cache))
    yield cache
    os.seteuid(0)
    for folder, mode in closed.items():
        folder.chmod(mode)


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["read only", "unreadable"])
def test_a_cache_of_another_user(mode: int, nobody: Path, zoo: Zoo, catalogue: Registry) -> None:
    installed(*GROUPS)
    key = ["a", "b"]
    (nobody / "references").mkdir(exist_ok=True)
    before = api.score("digits", "digits", metrics=("fid",), registry=catalogue, zoo=zoo)  # imports what it needs
    nobody.chmod(mode)
    os.seteuid(NOBODY)
    assert len(installed(*GROUPS)) == len(GROUPS)
    assert [source.name for source in builtin_extractors()] == [source.name for source in shipped_extractors()]
    assert {state_of(source) for source in builtin_extractors()} >= {"built in", "shipped", "not imported"}
    assert available("natural") in (True, False)
    assert cached(key, lambda: {"x": np.ones(2)})["x"].tolist() == [1, 1]
    assert api.score("digits", "digits", metrics=("fid",), registry=catalogue, zoo=zoo).estimates == before.estimates
    with pytest.raises(DataError, match="could not be downloaded"):
        files.download("x", "0", [], "mnist", ["x"])
    assert files.find(["x"], [nobody / "data"]) is None


def test_a_damaged_cached_reference_of_another_user(nobody: Path) -> None:
    from ganzoo.options import content_hash
    from ganzoo.scoring.reference import FORMAT

    file = nobody / "references" / f"{content_hash([FORMAT, 'k'])}.safetensors"
    file.parent.mkdir()
    file.write_bytes(b"damaged")
    cached(["other"], lambda: {"x": np.ones(2)})
    os.seteuid(NOBODY)
    assert cached(["k"], lambda: {"x": np.ones(2)})["x"].tolist() == [1, 1]
    os.seteuid(0)
    assert file.exists(), "it is not ours to remove"


def test_a_run_of_another_user_is_not_waited_for(nobody: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.lock():
        pass
    folder.path.chmod(0o755)
    folder.file(".lock").chmod(0o600)
    with pytest.raises(StoreError, match="Cannot use the run folder"):  # noqa: SIM117 - the error is of entering
        with AsNobody(), folder.lock():
            pass
    new = RunFolder(tmp_path / "new")
    with pytest.raises(GanzooError, match="Permission denied"):  # noqa: SIM117
        with AsNobody(), new.lock():
            pass


class AsNobody:
    def __enter__(self) -> None:
        os.seteuid(NOBODY)

    def __exit__(self, *_: object) -> None:
        os.seteuid(0)
