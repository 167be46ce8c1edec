"""ganzoo.add: a generator that was trained elsewhere becomes a run like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import foreign as graph
from graphs import own_samples
from onnx import TensorProto

import ganzoo
from ganzoo.errors import GanzooError, ModelError, UsageError
from ganzoo.files import sha256
from ganzoo.generator.foreign import Reading
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.training.runs import MANIFEST, RunFolder, RunStore
from ganzoo.verify import command_of, verify_run

Add = Callable[..., RunFolder]
NORMAL = Reading(latents=("normal",))


@pytest.fixture
def add(tmp_path: Path, zoo: Zoo, catalogue: Registry) -> Add:
    def adding(path: Path, name: str = "theirs", data: str = "digits", **more: Any) -> RunFolder:
        given = {"reading": NORMAL, "runs": tmp_path / "runs", "zoo": zoo, "registry": catalogue} | more
        return ganzoo.add(path, name, data, **given)

    return adding


def test_its_samples_are_those_of_the_file(add: Add, tmp_path: Path) -> None:
    file, notes = graph(tmp_path / "a.onnx"), list[str]()
    run = add(file, notes=notes)
    generator = ganzoo.load(run.path, device="cpu")
    z = generator.inputs(7, 3)["z"]
    np.testing.assert_array_equal(generator.sample(7, 3), own_samples(file, {"noise": z}))
    assert notes == ["a.onnx: its images (1, 8, 8) are read as NCHW", "a.onnx: its pixels are read as -1 to 1"]


def test_its_manifest_says_where_it_comes_from_and_nothing_that_is_not_known(add: Add, tmp_path: Path) -> None:
    file = graph(tmp_path / "a.onnx")
    run = add(file, paper="A paper", source="https://example.org/a.onnx", seed=4, version="2.0")
    manifest = run.manifest()
    assert manifest.imported is not None
    assert (manifest.imported.file, manifest.imported.sha256) == ("a.onnx", sha256(file))
    assert (manifest.imported.source, manifest.about and manifest.about.paper) == (
        "https://example.org/a.onnx",
        "A paper",
    )
    assert (manifest.variant, manifest.backend, manifest.distribution) == ("theirs", "onnx", "imported")
    assert (manifest.version, manifest.seed, manifest.role, manifest.status) == ("2.0", 4, "model", "finished")
    assert (manifest.parity, manifest.steps, manifest.train_cpu_seconds) == (None, 0, None)
    assert "no framework to prove parity with" in manifest.note
    assert manifest.key == run.path.name
    generator = ganzoo.load(run.path, device="cpu")
    assert (generator.info.variant, generator.info.dataset) == ("theirs", "digits")
    assert generator.info.content_hash == manifest.content_hash
    assert (run.path / "samples.png").is_file()


def test_the_run_is_sound_and_its_command_reads_the_file_in_the_same_way(add: Add, tmp_path: Path) -> None:
    run = add(graph(tmp_path / "a.onnx"))
    assert verify_run(run).findings == ()
    assert not verify_run(run).unsealed
    assert command_of(run.manifest()) == (
        "ganzoo add a.onnx --name theirs --data digits --samples=image --layout=nchw --range=-1,1 "
        "--latent=noise:5:normal --shape=1,8,8 --seed 0 --version 1"
    )
    (run.path / "generator.onnx").write_bytes(b"no")
    (finding,) = verify_run(run).findings
    assert "ganzoo add a.onnx" in finding.mend


def test_the_same_file_again_changes_nothing_and_another_is_refused(add: Add, tmp_path: Path) -> None:
    first = add(graph(tmp_path / "a.onnx"))
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    assert add(tmp_path / "a.onnx").path == first.path
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before
    other = graph(tmp_path / "b.onnx", last="Sigmoid")
    with pytest.raises(
        UsageError, match=r"theirs 1, seed 0, is there already: it is of another file, a\.onnx"
    ) as caught:
        add(other)
    assert "--seed" in caught.value.hint
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before


def test_seeds_of_one_version_are_one_variant(add: Add, tmp_path: Path) -> None:
    lasts = ("Tanh", "Sigmoid")
    found = [add(graph(tmp_path / f"{i}.onnx", last=last), seed=i).manifest() for i, last in enumerate(lasts)]
    assert len({each.key for each in found}) == 2
    assert len({(each.version, each.options_hash) for each in found}) == 1


def test_a_generator_of_ganzoos_own_needs_no_flags(add: Add, tmp_path: Path, gaussian: RunFolder) -> None:
    run = add(gaussian.path / "generator.onnx", "borrowed", reading=None)
    theirs, ours = (ganzoo.load(path, device="cpu") for path in (gaussian.path, run.path))
    np.testing.assert_array_equal(ours.sample(9, 1), theirs.sample(9, 1))
    assert run.manifest().content_hash == gaussian.manifest().content_hash
    assert run.manifest().options == {}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gaussian", "'gaussian' is an installed variant"),
        ("real", "cannot name a variant"),
        ("a b", "'a b' is no name"),
        ("../x", "is no name"),
        ("", "its name is empty"),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_the_file_is_read(
    add: Add, tmp_path: Path, name: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        add(tmp_path / "absent.onnx", name)
    assert not (tmp_path / "runs").exists()


def test_what_does_not_fit_the_data_is_refused(add: Add, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.onnx makes 1×6×6, but digits is 1×8×8"):
        add(graph(tmp_path / "a.onnx", shape=(1, 6, 6)))
    with pytest.raises(ModelError, match="no ONNX model"):
        (tmp_path / "text.onnx").write_text("no")
        add(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="Cannot read"):
        add(tmp_path / "absent.onnx")
    with pytest.raises(UsageError, match="--latent"):
        add(graph(tmp_path / "b.onnx"), reading=None)
    inputs = {"noise": (TensorProto.FLOAT, ["N", 5]), "label": (TensorProto.INT64, ["N"])}
    reading = Reading(latents=("noise:5:normal", "label:9:labels"))
    with pytest.raises(UsageError, match=r"c\.onnx takes 9 classes, but digits has 10"):
        add(graph(tmp_path / "c.onnx", inputs=inputs), reading=reading)
    assert RunStore(tmp_path / "runs").all() == []


def test_a_kill_before_the_manifest_leaves_no_run(add: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = graph(tmp_path / "a.onnx")

    def killed(self: RunFolder, manifest: object) -> None:
        raise GanzooError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_manifest", killed)
        with pytest.raises(GanzooError, match="killed"):
            add(file)
    assert RunStore(tmp_path / "runs").all() == []
    assert add(file).file(MANIFEST).is_file()
