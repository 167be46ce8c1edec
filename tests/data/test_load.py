from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import Dataset, Source, Split, load
from ganzoo.data.builtin import builtin_sources
from ganzoo.errors import DataError, UnknownName, UsageError
from ganzoo.types import DataSpec

SOURCES = {source.name: source for source in builtin_sources()}


def test_names_are_unique_and_complete() -> None:
    expected = {"digits", "patches", "ring", "grid", "ring-7", "8gaussians", "25gaussians", "swissroll"}
    expected |= {"mnist", "stacked-mnist", "fashion-mnist", "cifar10", "npz", "folder"}
    assert set(SOURCES) == expected
    assert len(builtin_sources()) == len(expected)


def test_argument_is_split_at_the_first_colon_and_passed_on(tmp_path: Path) -> None:
    seen = []
    spec = DataSpec(name="toy", kind="points", shape=(1,))
    part = Split(spec, np.zeros((2, 1), np.float32))

    def fake(argument: str, data_dir: Path | None) -> Dataset:
        seen.append((argument, data_dir))
        return Dataset(spec, part, part)

    source = Source(name="toy", summary="", kind="points", load=fake, argument="FILE")
    assert load("toy:C:/a.npz", {"toy": source}, tmp_path).spec is spec
    assert seen == [("C:/a.npz", tmp_path)]


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"Unknown dataset 'minst'. Did you mean 'mnist'\?.*npz:FILE or folder:DIR"):
        load("minst", SOURCES)


@pytest.mark.parametrize("reference", ["digits:x", "digits:", "npz", "npz:", "folder:"])
def test_argument_must_fit_the_source(reference: str) -> None:
    with pytest.raises(UsageError, match="argument"):
        load(reference, SOURCES)


def test_missing_data_dir(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        load("digits", SOURCES, tmp_path / "nowhere")


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ganzoo.data.builtin import builtin_sources; builtin_sources();"
        "print(sorted({'numpy', 'sklearn', 'PIL', 'pooch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
