"""What the checks of one plugin share: each thing is made once, and whoever is to blame for its failure is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from ganzoo import latents
from ganzoo.checks import toys, watch
from ganzoo.checks.base import Blocked, CheckFailed, NotMade, Refused
from ganzoo.checks.optioned import option_faults
from ganzoo.checks.probe import ImportedPlugin, import_alone
from ganzoo.checks.signatures import signature_faults
from ganzoo.errors import UsageError
from ganzoo.generator.contract import GeneratorInfo, describe
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.options import as_dict, resolve
from ganzoo.plugin.compatibility import latent_spec
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.plugin.surroundings import changes
from ganzoo.training import runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.loop import Loop
from ganzoo.types import Variant

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin
    from ganzoo.types import Array, LatentSpec

T = TypeVar("T")
FEW = 32


@dataclass(frozen=True)
class Trained:
    """A model, the form of data it was trained on, its run's last state, and the run."""

    model: object
    form: toys.Form
    latent: LatentSpec
    state: Mapping[str, Array] | None
    steps: int
    run: Loop

    def inputs(self, n: int = FEW, seed: int = 1) -> dict[str, Array]:
        """Generator inputs of n samples."""
        return latents.samples(self.latent, seed, 0, n)


@dataclass(frozen=True)
class Observed:
    """A second run from the same seed, watched: the generator it gave and what it did around it."""

    trained: Trained
    onnx: bytes
    native: Array
    changed: list[str]
    written: list[str]
    printed: str


class Context:
    """One plugin under check. ``fatal`` names checks whose rule, broken, ends or stalls the process."""

    def __init__(self, origin: Origin, folder: Path, options: Mapping[str, Any] | None = None) -> None:
        self.origin = origin
        self.folder = folder
        self.given = dict(options or {})
        self.fatal: set[str] = set()
        self.current = ""
        self.stage: Callable[[str], None] = lambda owner: None
        self.start = watch.snapshot()
        self._made: dict[str, Any] = {}
        self._folders = 0
        self._owner = ""

    def once(self, owner: str, key: str, make: Callable[[], T]) -> T:
        """Make a thing, or give what was made. A failure is the check ``owner``'s, and blocks every other one."""
        if owner in self.fatal and owner != self.current:
            raise Blocked(owner)
        if key not in self._made:
            self._made[key] = self.attempt(owner, make)
        made = self._made[key]
        if isinstance(made, BaseException):
            if owner == self.current:
                raise made
            raise Blocked(owner) from made
        return cast("T", made)

    def attempt(self, owner: str, make: Callable[[], T]) -> T | BaseException:
        """Make a thing, or give the error."""
        before, self._owner = self._owner or self.current, owner
        self.stage(owner)
        try:
            return make()
        except NotMade:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: whatever it is, it is the answer
            return error
        finally:
            self._owner = before
            self.stage(before)

    def new_folder(self, name: str) -> Path:
        """An empty folder of the session's own."""
        self._folders += 1
        folder = self.folder / f"{self._folders:02d}-{name}"
        folder.mkdir()
        return folder

    # What the plugin says of itself

    @property
    def imported(self) -> ImportedPlugin:
        """What importing the module did, in a process of its own."""
        return self.once("loads", "imported", lambda: import_alone(self.origin, self.new_folder("import")))

    @property
    def module(self) -> Any:
        """What the entry point names, imported here."""
        if self.imported.error:
            if self.current == "loads":
                raise CheckFailed(self.imported.error)
            raise Blocked("loads")
        return self.once("loads", "module", self.origin.load)

    @property
    def described(self) -> Variant:
        """What ``describe()`` returns, before the zoo judges it."""
        if signature_faults(self.module):
            raise Blocked("hook-signatures")
        return self.once("describe-complete", "described", self._describe)

    def _describe(self) -> Variant:
        described = self.module.describe()
        if not isinstance(described, Variant):
            raise CheckFailed(f"describe() returned {type(described).__name__}, not a ganzoo.Variant")
        return described

    @property
    def plugin(self) -> Plugin:
        """The plugin as the zoo loads it."""
        owner = "options-validated" if option_faults(self.described) else "describe-complete"
        return self.once(owner, "plugin", lambda: Zoo([self.origin]).load(self.origin.name))

    @property
    def variant(self) -> Variant:
        """What ``describe()`` declares."""
        return self.plugin.variant

    @property
    def options(self) -> dict[str, Any]:
        """Small values for whole numbers, and above them what the caller gave. Raises Refused where that is wrong."""
        small = self.once("options-validated", "small", lambda: toys.small_options(self.variant.options))
        try:
            resolve(self.variant.options, self.given, owner=self.origin.name)
        except UsageError as error:
            raise Refused(str(error)) from error
        return {**small, **self.given}

    @cached_property
    def forms(self) -> list[toys.Form]:
        """Every form of data that the variant claims to take, labelled where its options ask for labels."""
        return toys.forms(self.variant, resolve(self.variant.options, self.options, owner=self.variant.name))

    @property
    def exported_forms(self) -> list[toys.Form]:
        """The forms whose ONNX file is looked at: all but the largest images."""
        return self.forms[:-1] if len(self.forms) > 2 else self.forms

    # Training

    def loop(self, form: toys.Form, folder: Path | None = None, *, seed: int = 0) -> Loop:
        """A run with its checkpoints in ``folder``, as ``ganzoo train`` would make it."""
        checkpoints = FileCheckpoints(runs.RunFolder(folder or self.new_folder("run")))
        return toys.memory_run(self.variant, form.data, self.options, seed=seed, checkpoints=checkpoints)

    def train(
        self,
        form: toys.Form,
        folder: Path | None = None,
        *,
        seed: int = 0,
        most: int = toys.MOST_STEPS,
        before: Callable[[range], None] | None = None,
    ) -> Trained:
        """Train a few steps, going on from the checkpoint in ``folder`` where there is one."""
        folder = folder or self.new_folder("run")
        loop = self.loop(form, folder, seed=seed)
        model = self.plugin.train(cast("Any", toys.Capped(loop, most, before)))
        if model is None:
            raise CheckFailed("train returned None, not a model")
        last = FileCheckpoints(runs.RunFolder(folder)).load()
        return Trained(model, form, loop.latent, last.arrays if last else None, last.step if last else 0, loop)

    def trained(self, form: toys.Form | None = None, seed: int = 0) -> Trained:
        """The model of one form, by default the first: a few steps there, two on the others."""
        main = self.forms[0]
        form = form or main
        most = toys.MOST_STEPS if form is main else toys.MOST_CHUNK
        return self.once("trains", f"trained {form.name} {seed}", lambda: self.train(form, seed=seed, most=most))

    # Sampling and exporting

    def native(self, trained: Trained, inputs: Mapping[str, Array]) -> Array:
        """What the ``sample`` hook says; float32 of the right shape, or range-and-shape is to blame."""
        if "range-and-shape" in self.fatal and self.current != "range-and-shape":
            raise Blocked("range-and-shape")
        x = self.attempt("range-and-shape", lambda: self.sample(trained, inputs))
        if not isinstance(x, BaseException):
            return x
        if self.current == "range-and-shape":
            raise x
        raise Blocked("range-and-shape") from x

    def sample(self, trained: Trained, inputs: Mapping[str, Array]) -> Array:
        """The ``sample`` hook, its answer held to type and shape."""
        x: Any = self.plugin.sample(trained.model, dict(inputs))
        wanted = (len(inputs["z"]), *trained.form.data.spec.shape)
        if not isinstance(x, np.ndarray):
            raise CheckFailed(f"sample returned {type(x).__name__}, not a NumPy array")
        if x.shape != wanted or x.dtype != np.float32:
            raise CheckFailed(f"sample returned {x.dtype} {x.shape} for {trained.form.name}, not float32 {wanted}")
        return x

    def export(self, trained: Trained, folder: Path) -> Path:
        """Export and let the core make a generator.onnx of it. Raises ModelError where the contract is broken."""
        raw, target = folder / "raw.onnx", folder / runs.ONNX
        self.plugin.export(trained.model, raw)
        finalise(raw, target, self.info(trained))
        return target

    def generator(self, form: toys.Form | None = None) -> Generator:
        """The engine on the exported file of one form, by default the first."""
        trained = self.trained(form)

        def make() -> Generator:
            return Generator(self.export(trained, self.new_folder("export")), device="cpu")

        return self.once("onnx-valid", f"generator {trained.form.name}", make)

    def info(self, trained: Trained) -> GeneratorInfo:
        """The metadata that ``ganzoo train`` would write."""
        spec = trained.form.data.spec
        options = resolve(self.variant.options, self.options, owner=self.variant.name)
        return describe(
            self.variant.name,
            spec,
            latent_spec(self.variant, options, spec),
            backend=self.variant.backend,
            distribution=self.origin.distribution,
            version=self.origin.version,
            dataset=spec.name,
            dataset_digest="0" * 12,
            options=as_dict(options),
        )

    # A second run, watched

    @property
    def observed(self) -> Observed:
        """The first run once more, from the same seed, with the process and the disk watched."""
        first = self.trained()
        self.native(first, first.inputs())
        self.generator(first.form)  # by now all that comes lazily has come
        return self.once("deterministic", "observed", self._observe)

    def _observe(self) -> Observed:
        places = {name: self.new_folder(f"watched-{name}") for name in ("work", "home", "temporary", "run")}
        environ = {"HOME": str(places["home"]), "TMPDIR": str(places["temporary"])}
        environ["XDG_CACHE_HOME"] = str(places["home"] / ".cache")
        watched = (places["work"], places["home"])
        with watch.arranged(self.start, places["work"], environ):
            before = watch.snapshot()
            with watch.writes(places["run"], places["temporary"], watched) as written, watch.printed() as words:
                trained = self.train(self.forms[0], places["run"])
                self.plugin.sample(trained.model, trained.inputs())
                onnx = self.export(trained, places["run"])
            changed = changes(before, watch.snapshot())
        patched = {"numpy's functions": self.start["numpy's functions"]}
        changed += changes(patched, watch.snapshot())
        native = self.sample(trained, trained.inputs())
        content = onnx.read_bytes()
        shutil.rmtree(places["run"])
        return Observed(trained, content, native, changed, written, words())
