"""Checks of training: on every form of data, repeatable, resumable, and with nothing left behind."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ganzoo.checks import toys
from ganzoo.checks.base import Blocked, Check, CheckFailed, NotMade, one_line
from ganzoo.checks.context import Context, Trained
from ganzoo.data.base import Dataset
from ganzoo.errors import Interrupted
from ganzoo.training import runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.run import train as train_run
from ganzoo.types import TRAINED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ganzoo.types import Array, Variant

STOP_AT = 2
SEEDS = (0, 1, 2)
"""0 is what the other checks train with; two alone would not show a seed that is only looked at for being 0."""


def trains(context: Context) -> None:
    """Some steps on each form of data."""
    faults = []
    for form in context.forms:
        try:
            context.trained(form)
        except NotMade:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: the other forms are tried too
            faults.append(f"on {form.name}: {one_line(error)}")
    if faults:
        more = f"; and on {len(faults) - 1} other forms of data" if len(faults) > 1 else ""
        raise CheckFailed(f"{faults[0]}{more}")


def deterministic(context: Context) -> None:
    """The first run and a second one of the same seed, bit for bit."""
    first, second = context.trained(), context.observed
    _require_equal(first.state, second.trained.state, "the state after training")
    if context.generator().path.read_bytes() != second.onnx:
        raise CheckFailed("two runs of the same seed give different ONNX files")
    native = context.native(first, first.inputs())
    if not np.array_equal(native, context.native(first, first.inputs())):
        raise CheckFailed("sample gives something else for the same latents the second time")
    if not np.array_equal(native, second.native):
        raise CheckFailed("two runs of the same seed give different samples")


def _require_equal(left: Mapping[str, Array] | None, right: Mapping[str, Array] | None, what: str) -> None:
    left, right = left or {}, right or {}
    odd = sorted(
        name
        for name in left.keys() | right.keys()
        if name not in left or name not in right or not _same(left[name], right[name])
    )
    if odd:
        raise CheckFailed(f"{what} differs in {', '.join(odd[:3])}{' and more' if len(odd) > 3 else ''}")


def _same(left: Array, right: Array) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def resumes_bit_exactly(context: Context) -> None:
    """Stopped and gone on with, the run ends where one that was never stopped ends."""
    straight = context.trained()
    if not straight.steps:
        raise CheckFailed("the plugin never hands its state to run.steps")
    folder = context.new_folder("stopped")
    loop = context.loop(straight.form, folder)

    def stop(part: range) -> None:
        if part.start >= STOP_AT:
            loop.request_stop("the check")

    try:
        context.plugin.train(cast("Any", toys.Capped(loop, before=stop)))
    except Interrupted:
        pass
    else:
        if loop.steps_done > STOP_AT:
            raise Blocked("interrupt-leaves-resumable")
    resumed = context.train(straight.form, folder)
    try:
        _require_equal(straight.state, resumed.state, "a resumed run ends in another state: it")
        _require_same_samples(context, straight, resumed)
        if straight.run.told != resumed.run.told:
            raise CheckFailed("a resumed run reports other numbers of its own")
    except CheckFailed:
        _block_if_undetermined(context)
        raise


def _require_same_samples(context: Context, straight: Trained, resumed: Trained) -> None:
    inputs = straight.inputs()
    if not np.array_equal(context.native(straight, inputs), context.native(resumed, inputs)):
        raise CheckFailed("a resumed run gives other samples: something is missing from its state")


def _block_if_undetermined(context: Context) -> None:
    """Where two runs of one seed differ anyway, resuming is not to blame."""
    first, again = context.trained(), context.train(context.forms[0])
    try:
        _require_equal(first.state, again.state, "the state")
        _require_same_samples(context, first, again)
    except CheckFailed as error:
        raise Blocked("deterministic") from error


def interrupt_leaves_resumable(context: Context) -> None:
    """SIGINT and SIGTERM in the middle: an interrupted run, a state that can be read, and a run that goes on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        _interrupt(context, number)


def _interrupt(context: Context, number: signal.Signals) -> None:
    form, sent = context.trained().form, signal.Signals(number).name
    store = runs.RunStore(context.new_folder(f"store-{sent}"))
    plugin = _Interrupting(context.plugin, number)
    dataset = Dataset(form.data.spec, form.data, form.data)
    try:
        train_run(cast("Any", plugin), dataset, context.options, store=store, rehearsed=False, framed=False)
    except Interrupted:
        pass
    except KeyboardInterrupt as error:
        raise CheckFailed(f"{sent} broke the step in hand off: the plugin handles signals itself") from error
    else:
        if plugin.sent:
            raise CheckFailed(f"the run went on after {sent}: let Interrupted through, and leave signals alone")
        raise CheckFailed("the plugin never takes a step from run.steps, so that nobody can stop it")
    (folder,) = store.all()
    status = folder.manifest().status
    if status != "interrupted":
        raise CheckFailed(f"after {sent} the run is marked as {status}, not as interrupted")
    saved = FileCheckpoints(folder).load()
    if saved is None or not saved.step:
        raise CheckFailed(f"after {sent} there is no state to go on from")
    resumed = context.train(form, folder.path)
    if resumed.steps < saved.step:
        raise CheckFailed(f"the run stopped by {sent} after step {saved.step} was not gone on with")


class _Interrupting:
    """A plugin whose training is interrupted by a signal in the first step of its second chunk, or in the only one."""

    def __init__(self, plugin: Any, number: signal.Signals) -> None:
        self.variant, self.origin = plugin.variant, plugin.origin
        self.sent = False
        self._plugin = plugin
        self._number = number

    def train(self, run: Any) -> Any:
        """Train with the signal sent at the last moment at which it can be obeyed."""
        return self._plugin.train(toys.Capped(run, before=self._before()))

    def validate(self, options: Any, data: Any) -> Any:
        """As the plugin does."""
        return self._plugin.validate(options, data)

    def sample(self, model: Any, inputs: Any) -> Any:
        """As the plugin does."""
        return self._plugin.sample(model, inputs)

    def export(self, model: Any, path: Any) -> Any:
        """As the plugin does."""
        return self._plugin.export(model, path)

    def measure(self, model: Any, run: Any) -> Any:
        """As the plugin does."""
        return self._plugin.measure(model, run)

    def _before(self) -> Callable[[range], None]:
        def send(part: range) -> None:
            if not self.sent:
                self.sent = True
                signal.raise_signal(self._number)

        return send


def writes_only_its_run_folder(context: Context) -> None:
    """Nothing is written outside the run folder, and no temporary file stays."""
    written = context.observed.written
    if written:
        raise CheckFailed(f"it writes {', '.join(written[:3])}{' and more' if len(written) > 3 else ''}")


def no_side_effects(context: Context) -> None:
    """The process is left as it was found."""
    seen = context.imported
    at_import = [] if seen.heavy else seen.changed
    if at_import:
        raise CheckFailed(f"importing it changes {', '.join(at_import)}")
    changed = context.observed.changed
    if changed:
        raise CheckFailed(f"training, sampling or exporting changes {', '.join(dict.fromkeys(changed))}")


def no_prints(context: Context) -> None:
    """Nothing on stdout."""
    for when, words in (("imported", context.imported.printed), ("trained", context.observed.printed)):
        if words.strip():
            raise CheckFailed(f"it prints when {when}: {words.strip().splitlines()[0]!r}")


def seed_changes_output(context: Context) -> None:
    """Another seed, another generator: three seeds on the first form, two on the first of another kind of data."""
    main, *rest = context.forms
    other = next((form for form in rest if form.data.spec.kind != main.data.spec.kind), None)
    _require_distinct(context, main, SEEDS)
    if other is not None:
        _require_distinct(context, other, SEEDS[:2])


def _require_distinct(context: Context, form: toys.Form, seeds: Sequence[int]) -> None:
    """No two seeds give the same samples for the same latents."""
    first = context.trained(form)
    seen = {0: context.native(first, first.inputs())}
    for seed in seeds[1:]:
        x = context.native(context.trained(form, seed), first.inputs())
        for twin, known in seen.items():
            if np.array_equal(known, x):
                raise CheckFailed(f"runs of seeds {twin} and {seed} give the same samples on {form.name}")
        seen[seed] = x


def _is_trained(variant: Variant) -> bool:
    return variant.role in TRAINED


CHECKS = (
    Check(
        "trains",
        "A few steps on toy data of each form it claims: the smallest grey images, RGB ones that are not square, the "
        "largest (up to 64 pixels a side), points; labelled where it needs labels, else also unlabelled. Whole-number "
        "options are at most 8 where their bounds allow.",
        "`ganzoo check NAME --set option=value` gives options that small values do not suit.",
        trains,
    ),
    Check(
        "interrupt-leaves-resumable",
        "SIGINT or SIGTERM during a step ends the run as interrupted after that step, with a state that the next run "
        "goes on from.",
        "Loop over `run.steps` or `run.chunks`, catch no BaseException around it, and install no signal handler.",
        interrupt_leaves_resumable,
    ),
    Check(
        "writes-only-its-run-folder",
        "Training, sampling and exporting write nothing outside the run folder and leave no temporary file.",
        "Write to the path that `export` is given and nowhere else; use `tempfile` as a context manager.",
        writes_only_its_run_folder,
    ),
    Check(
        "no-side-effects",
        "Importing, training, sampling and exporting leave the process as it was: global random states (random, NumPy, "
        "torch, TensorFlow), working directory, environment, threads, warnings filters, signal handlers, sys.path, "
        "root logger, NumPy's functions and error settings, torch's defaults.",
        "Seed generators of your own from `run.seed`, and put settings back in a `finally`.",
        no_side_effects,
    ),
    Check(
        "no-prints",
        "Nothing is written to stdout: other programs read it.",
        "Give scalars to `run.log`; use `logging` or stderr for words.",
        no_prints,
    ),
    Check(
        "deterministic",
        "Two runs of one seed end in the same state, the same ONNX file and the same samples, bit for bit; `sample` "
        "gives the same twice.",
        "Take randomness from `run`, weights from `run.seed`; choose deterministic kernels; sample in inference mode.",
        deterministic,
    ),
    Check(
        "resumes-bit-exactly",
        "A run stopped after some steps and started again ends in the same state, gives the same samples and reports "
        "the same numbers of its own as one that never stopped.",
        "`state_arrays` must hold all that the next step depends on, and what is sampled from: moments, counters, EMA.",
        resumes_bit_exactly,
    ),
    Check(
        "seed-changes-output",
        "Another training seed gives another generator: no two of the seeds 0, 1 and 2 give the same samples, on "
        "images and on points. Copies of one generator would pass for as many independent runs.",
        "Draw initial weights from `run.seed`, batches and latents from `run`.",
        seed_changes_output,
        _is_trained,
        "variants of the roles model and comparator",
    ),
)
