"""Numbers of a variant's own: what is kept of what is given, and that a run is not lost for a bad one."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from helpers import FAKES

import ganzoo
from ganzoo import api
from ganzoo.data.base import Dataset
from ganzoo.errors import Interrupted, PluginError
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import memory_run, toy_images
from ganzoo.training import run, runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.loop import Checkpoint, Loop, MemoryCheckpoints
from ganzoo.training.reports import HOOK, Afterwards, Told
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.types import Estimate, LatentSpec, Report, SelfReported

A = Report(name="a", direction="down", help="of a")
B = Report(name="b", direction="up", help="of b")


def told(*given: dict[str, Any]) -> Told:
    """What is kept of numbers given one after the other."""
    found = Told()
    for numbers in given:
        found = found.and_then((A, B), numbers)
    return found


class Tensor:
    """What a framework's scalar is like."""

    def __float__(self) -> float:
        return 2.5


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, Estimate(1.0)),
        (np.float32(0.5), Estimate(0.5)),
        (Tensor(), Estimate(2.5)),
        (Estimate(1.5, 0.25, 9), Estimate(1.5, 0.25, 9)),
        (Estimate(1.5, 0.0), Estimate(1.5, 0.0, 0)),
        (Estimate(np.float32(1.5), np.float64(0.25), np.int64(9), 3.0), Estimate(1.5, 0.25, 9)),  # type: ignore[arg-type]
    ],
)
def test_numbers_of_every_kind_are_kept_as_plain_ones(value: Any, kept: Estimate) -> None:
    found = told({"a": value})
    assert (found.numbers, found.faults) == ({"a": kept}, {})
    assert msgspec.json.decode(msgspec.json.encode(found), type=Told) == found


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("a", math.nan, "the number 'a' was reported as nan"),
        ("a", Estimate(-math.inf), "the number 'a' was reported as -inf"),
        ("a", "much", "the number 'a' was reported as str, which is no number"),
        ("a", np.zeros(3), "the number 'a' was reported as ndarray, which is no number"),
        ("a", None, "the number 'a' was reported as NoneType, which is no number"),
        ("a", Estimate(1.0, math.nan), "the number 'a' was reported with the standard error nan"),
        ("a", Estimate(1.0, math.inf), "the number 'a' was reported with the standard error inf"),
        ("a", Estimate(1.0, -0.5), "the number 'a' was reported with the standard error -0.5"),
        ("c", 1.0, "the number 'c' was reported, but the variant declares a, b"),
        ("c\n", 1.0, r"the number 'c\n' was reported, but the variant declares a, b"),
    ],
)
def test_a_bad_number_leaves_its_reason(name: str, value: Any, fault: str) -> None:
    found = told({"b": 1.0, name: value})
    assert found.numbers == {"b": Estimate(1.0)}
    assert list(found.faults) == [name]
    assert found.faults[name] == fault
    assert found.note == found.faults[name]
    assert bool(found)


def test_without_any_declaration_it_says_so() -> None:
    assert Told().and_then((), {"a": 1}).note == "the number 'a' was reported, but the variant declares none"


def test_the_last_word_counts_on_each_name() -> None:
    assert told({"a": 1, "b": 2}, {"a": 3}) == Told({"b": Estimate(2.0), "a": Estimate(3.0)})
    assert told({"a": math.nan}, {"a": 3}) == Told({"a": Estimate(3.0)})
    gone = told({"a": 1, "b": 2}, {"a": math.nan})
    assert gone.numbers == {"b": Estimate(2.0)}
    assert list(gone.faults) == ["a"]
    assert told({"x": 1}, {"y": 1}).note.count("; ") == 1
    assert not Told() and not told()


def test_what_is_kept_has_its_declaration_and_its_order() -> None:
    kept = told({"b": Estimate(2.0, 0.5, 7), "a": 1}).kept((A, B))
    assert kept == (
        SelfReported(name="a", direction="down", help="of a", value=1.0),
        SelfReported(name="b", direction="up", help="of b", value=2.0, se=0.5, n=7),
    )
    assert [each.column for each in kept] == ["self:a:down", "self:b:up"]
    assert told({"b": 1}).kept((A,)) == ()


class State:
    """A state of one number."""

    def state_arrays(self) -> dict[str, Any]:
        return {"n": np.zeros(1)}

    def load_arrays(self, arrays: Any) -> None:
        pass


def loop(checkpoints: MemoryCheckpoints | None = None) -> Loop:
    return Loop(
        data=toy_images(),
        options=ganzoo.Options(),
        seed=0,
        latent=LatentSpec(z_dim=2),
        checkpoints=checkpoints,
        declared=(A, B),
    )


def phases(run: Loop, stop_at: int = -1) -> dict[str, float]:
    """Two loops, one of 4 steps and one up to 8, with a number given before, between and behind them."""
    run.report(a=-1)
    for total in (4, 8):
        for step in run.steps(total, state=State()):
            if step in (1, 6):
                run.report(b=step)
            if step == stop_at:
                run.request_stop("a test")
        run.report(a=run.steps_done)
    return {name: each.value for name, each in run.told.numbers.items()}


def test_numbers_come_before_between_and_behind_loops() -> None:
    assert phases(loop()) == {"b": 6, "a": 8}


@pytest.mark.parametrize("stop_at", range(8))
def test_a_run_that_goes_on_has_the_numbers_of_one_that_was_never_stopped(stop_at: int) -> None:
    """Up to its checkpoint as they were then: behind a loop that is long over, the state is that of a later step."""
    kept = MemoryCheckpoints()
    with pytest.raises(Interrupted):
        phases(loop(kept), stop_at)
    assert kept.last is not None
    assert kept.last.told.numbers["a"].value == (4 if stop_at >= 4 else -1)
    again = loop(kept)
    assert phases(again) == {"b": 6, "a": 8}
    for _ in again.steps(4, state=State()):
        raise AssertionError
    again.report(a=77)
    assert again.told.numbers["a"].value == 8, "it is at step 8, and this stands behind step 4"


def test_numbers_are_in_the_checkpoint_on_the_disk_and_nothing_where_there_is_none(tmp_path: Path) -> None:
    kept = FileCheckpoints(RunFolder(tmp_path))
    kept.save(Checkpoint(1, 1.0, {"n": np.zeros(1)}))
    before = (tmp_path / "state.safetensors").read_bytes()
    assert b"reports" not in before
    found = kept.load()
    assert found is not None and found.told == Told()
    given = told({"a": Estimate(0.1 + 0.2, 1e-17, 3), "c": 1})
    kept.save(Checkpoint(1, 1.0, {"n": np.zeros(1)}, told=given))
    found = kept.load()
    assert found is not None and found.told == given


def test_a_checkpoint_with_odd_numbers_is_damaged(tmp_path: Path) -> None:
    from safetensors.numpy import save

    about = {"step": "3", "seconds": "1.5", "reports": '{"numbers": 3}'}
    (tmp_path / "state.safetensors").write_bytes(save({"a": np.ones(2)}, about))
    with pytest.raises(runs.StoreError, match="no state of a training"):
        FileCheckpoints(RunFolder(tmp_path)).load()


@pytest.fixture
def reporter(monkeypatch: pytest.MonkeyPatch) -> Plugin:
    monkeypatch.syspath_prepend(str(FAKES))
    return Zoo([Origin("reporter", "reporter", "fakes", "3.1")]).load("reporter")


def train(plugin: Plugin, root: Path, **given: Any) -> RunFolder:
    images = toy_images()
    data = Dataset(images.spec, images, toy_images(seed=1))
    return run.train(plugin, data, store=RunStore(root), **given)


def values(folder: RunFolder) -> dict[str, float]:
    return {each.name: each.value for each in folder.manifest().reported}


def test_a_finished_run_has_its_numbers(reporter: Plugin, tmp_path: Path) -> None:
    events: list[str] = []
    folder = train(reporter, tmp_path, observer=lambda event, fields: events.append(event))
    reported = folder.manifest().reported
    assert [(each.name, each.direction, each.se is None, each.n) for each in reported] == [
        ("gap", "down", True, 0),
        ("first", "none", True, 0),
        ("early", "up", False, 16),
        ("last", "down", True, 0),
    ]
    assert reported[2].se == reported[2].value / 2
    assert reported[0].help == "distance of the means of samples and held-out data"
    assert folder.manifest().note == ""
    assert events.count("warning") == 0


def test_the_numbers_of_a_run_that_was_stopped_are_the_same(
    reporter: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``early`` comes from a step that is not done again."""
    straight = values(train(reporter, tmp_path / "straight"))
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "17")
        train(reporter, tmp_path / "stopped")
    (stopped,) = RunStore(tmp_path / "stopped").all()
    assert stopped.manifest().reported == (), "only a run that is finished has any"
    assert values(train(reporter, tmp_path / "stopped")) == straight
    assert len(straight) == 4


MEASURES_NOTHING = (
    "its own numbers were not measured: Plugin reporter (fakes 3.1) failed in measure: ValueError: the ruler"
)


@pytest.mark.parametrize(
    ("given", "note", "lost"),
    [
        ({"REPORTER_MORE": '{"last": NaN}'}, "the number 'last' was reported as nan", {"last"}),
        ({"REPORTER_RAISES": "1"}, MEASURES_NOTHING, {"gap"}),
    ],
)
def test_a_bad_number_costs_itself_and_not_the_run(
    given: dict[str, str],
    note: str,
    lost: set[str],
    reporter: Plugin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    warned: list[str] = []
    folder = train(
        reporter, tmp_path, observer=lambda event, fields: warned.append(fields["text"]) if "text" in fields else None
    )
    manifest = folder.manifest()
    assert (manifest.status, folder.is_finished()) == ("finished", True)
    assert manifest.note.startswith(note)
    assert len(warned) == 1 and warned[0].startswith(f"Left out: {note}") and warned[0].endswith(".")
    assert set(values(folder)) == {"gap", "first", "early", "last"} - lost


def test_a_name_that_is_not_declared_is_refused_before_the_training(
    reporter: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTER_MORE", '{"erly": 1}')
    wanted = r"reporter \(fakes 3\.1\) reports the number 'erly', but describe\(\) declares gap, first, early, last"
    with pytest.raises(PluginError, match=wanted):
        train(reporter, tmp_path / "new")
    (folder,) = RunStore(tmp_path / "new").all()
    assert (folder.manifest().status, folder.manifest().steps) == ("failed", 0)
    manifest = train(reporter, tmp_path / "old", rehearsed=False).manifest()
    assert (manifest.status, len(manifest.reported)) == ("finished", 4)
    assert manifest.note == "the number 'erly' was reported, but the variant declares gap, first, early, last"


def with_measure(plugin: Plugin, measure: Any) -> Plugin:
    """The plugin with another hook ``measure``."""
    call = plugin._call
    return dataclasses.replace(
        plugin, _call=lambda hook, given: measure(**given) if hook == "measure" else call(hook, given)
    )


def test_measure_sees_the_model_and_samples_that_were_held_out(reporter: Plugin, tmp_path: Path) -> None:
    seen: list[Any] = []

    def measure(model: Any, run: Afterwards) -> dict[str, float]:
        seen.extend([model, run])
        return {"gap": 1.0, "last": 5.0}

    folder = train(with_measure(reporter, measure), tmp_path, seed=3)
    model, after = seen
    assert int(model.t) == 40
    assert np.array_equal(after.heldout.x, toy_images(seed=1).x)
    assert np.array_equal(after.heldout.y, toy_images(seed=1).y)
    assert np.array_equal(after.data.x, toy_images().x)
    assert (after.options.steps, after.seed, after.device, after.latent.z_dim) == (40, 3, "cpu", 4)
    of_training = memory_run(reporter.variant, toy_images(), seed=3)
    drawn = after.latents(5, 2)["z"]
    assert np.array_equal(drawn, of_training.latents(5, 2, stream="measure")["z"])
    assert not np.array_equal(drawn, of_training.latents(5, 2)["z"])
    assert np.array_equal(after.latents(5, 2, stream="train")["z"], of_training.latents(5, 2)["z"])
    assert after.latents(5, 2, 3)["z"].shape == (3, 5, 4)
    assert not hasattr(of_training, "heldout"), "nothing that trains sees them"
    assert (values(folder)["gap"], values(folder)["last"]) == (1.0, 5.0), "what is measured counts"


def test_measure_may_be_missing_or_give_nothing(reporter: Plugin, tmp_path: Path, fake_zoo: Zoo) -> None:
    assert set(values(train(with_measure(reporter, lambda **given: None), tmp_path))) == {"first", "early", "last"}
    assert fake_zoo.load("stepper").measure(None, None) == {}  # type: ignore[arg-type]


def test_measure_gives_a_dict(reporter: Plugin, tmp_path: Path) -> None:
    manifest = train(with_measure(reporter, lambda **given: [1.0]), tmp_path).manifest()
    assert manifest.note == (
        "its own numbers were not measured: reporter (fakes 3.1) measures its numbers as list, not as a dict"
    )
    assert len(manifest.reported) == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted("stop")])
def test_whoever_stops_a_measurement_gets_it_again(error: BaseException, reporter: Plugin, tmp_path: Path) -> None:
    def measure(**given: Any) -> None:
        raise error

    with pytest.raises(type(error)):
        train(with_measure(reporter, measure), tmp_path)
    (folder,) = RunStore(tmp_path).all()
    assert folder.manifest().status == "interrupted"
    assert set(values(train(reporter, tmp_path))) == {"gap", "first", "early", "last"}


def test_authors_see_the_error_of_measure_itself(
    reporter: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTER_RAISES", "1")
    monkeypatch.setenv("GANZOO_STRICT", "1")
    with pytest.raises(ValueError, match="the ruler broke"):
        train(reporter, tmp_path)


def test_a_fault_of_the_hook_has_no_name_of_a_number() -> None:
    from ganzoo.naming import is_name

    assert not is_name(HOOK)


def test_a_manifest_of_an_older_version_has_none_and_is_sound(reporter: Plugin, tmp_path: Path) -> None:
    folder = train(reporter, tmp_path)
    content = json.loads(folder.file(runs.MANIFEST).read_bytes())
    del content["reported"], content["seal"]
    from ganzoo.sealed import seal_of

    folder.file(runs.MANIFEST).write_text(json.dumps({**content, "seal": seal_of(content)}))
    assert folder.manifest().reported == ()
    assert folder.is_finished()


class Named(msgspec.Struct):
    """A metric, as far as its names go."""

    name: str
    columns: tuple[str, ...]


@pytest.mark.parametrize("metric", [Named("gap", ("x",)), Named("y", ("x", "early"))])
def test_a_number_called_like_a_metric_is_refused_before_the_training(
    metric: Named, reporter: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = Zoo([Origin("reporter", "reporter", "fakes", "3.1")])
    assert zoo.trainable("reporter").variant == reporter.variant
    monkeypatch.setattr(zoo, "metrics", lambda: {metric.name: metric})
    named = "gap" if metric.name == "gap" else "early"
    with pytest.raises(PluginError, match=f"reports a number called '{named}', and the metric '{metric.name}' gives"):
        api.train("reporter", "digits", runs=tmp_path, zoo=zoo)
    assert zoo.load("reporter").variant == reporter.variant, "it can be looked at"


def test_who_reports_nothing_waits_for_no_extension(fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_zoo, "metrics", lambda: pytest.fail("metrics were asked for"))
    assert fake_zoo.trainable("stepper") is fake_zoo.load("stepper")
