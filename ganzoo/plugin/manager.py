"""Finding plugins without importing them, loading one at a time, and calling exactly one through pluggy.

A plugin that fails is one sentence naming distribution, version and cause; every other one keeps working.
Set ``GANZOO_STRICT=1`` to see the original exception instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.errors import PluginError, UnknownName
from ganzoo.plugin.blocklist import Switches
from ganzoo.plugin.entry_points import GROUPS, Origin, by_name, installed
from ganzoo.plugin.extensions import REGISTERING, Extensions
from ganzoo.plugin.hooks import Hooks
from ganzoo.plugin.isolation import fenced, guard, warn
from ganzoo.plugin.validation import check_variant, name_error
from ganzoo.types import Variant

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from ganzoo.data.base import Source
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.metrics.parity_profiles import Profile
    from ganzoo.plugin.observers import ObserverSource
    from ganzoo.registry import Registry
    from ganzoo.types import Array, MeasureRun, TrainRun

REQUIRED = ("describe", "train", "sample", "export")


@dataclass(frozen=True)
class Plugin:
    """One loaded variant; its methods call that plugin alone and check what comes back."""

    variant: Variant
    origin: Origin
    _call: Callable[[str, dict[str, Any]], Any]

    def train(self, run: TrainRun) -> Any:
        """Train; the framework's own generator object."""
        return self._call("train", {"run": run})

    def sample(self, model: Any, inputs: dict[str, Array]) -> Array:
        """Sample natively: float32 [N, C, H, W] or [N, d]."""
        x: Array = self._call("sample", {"model": model, "inputs": inputs})
        return x

    def export(self, model: Any, path: Path) -> None:
        """Write the ONNX file."""
        self._call("export", {"model": model, "path": path})
        if not path.is_file():
            raise PluginError(f"{self.variant.name} ({self.origin}) exported nothing: {path.name} was not written.")

    def measure(self, model: Any, run: MeasureRun) -> Mapping[str, Any]:
        """The variant's own numbers of a trained model; none where it has no such hook."""
        numbers = self._call("measure", {"model": model, "run": run})
        if numbers is not None and not isinstance(numbers, dict):
            kind = type(numbers).__name__
            raise PluginError(f"{self.variant.name} ({self.origin}) measures its numbers as {kind}, not as a dict.")
        return numbers or {}


class Zoo:
    """All installed plugins, by name. Nothing is imported before it is asked for."""

    def __init__(
        self,
        variants: Iterable[EntryPoint | Origin] = (),
        extensions: Iterable[EntryPoint | Origin] = (),
        registry: Registry | None = None,
        *,
        commands: Iterable[EntryPoint | Origin] = (),
        switches: Switches | None = None,
    ) -> None:
        self.switches = switches or Switches()
        groups = [list(dict.fromkeys(map(Origin.of, points))) for points in (variants, extensions, commands)]
        self._all = dict(zip(("variant", "extension", "command"), groups, strict=True))
        on = [[origin for origin in group if not self.switches.off(origin)] for group in groups]
        self._points = by_name(on[0])
        self._commands = on[2]
        self._registry = registry
        self._loaded: dict[str, Plugin] = {}
        self._extensions = Extensions(on[1])
        self.notes = self._extensions.notes
        """Sentences on plugins that work and did something that they should not."""

    @classmethod
    def discover(cls, registry: Registry | None = None) -> Zoo:
        """Read the installed entry points; the registry lets unknown names say what to install."""
        variants, extensions, commands = installed(*GROUPS)
        return cls(variants, extensions, registry, commands=commands, switches=Switches.current())

    def names(self) -> list[str]:
        """The name of every variant that is on, sorted."""
        return sorted(self._points)

    def origins(self, name: str) -> list[Origin]:
        """The distributions that claim a name; more than one is a clash."""
        return list(self._points[name])

    def command_origins(self) -> list[Origin]:
        """Every command of a plugin that is on."""
        return list(self._commands)

    def everything(self) -> list[tuple[str, Origin]]:
        """Kind and origin of every plugin installed, on or off."""
        return [(kind, origin) for kind, group in self._all.items() for origin in group]

    @property
    def broken_extensions(self) -> dict[Origin, PluginError]:
        """Extensions that failed so far, in whole or in part."""
        return self._extensions.broken

    def load(self, name: str) -> Plugin:
        """Import and describe one variant. Raises UnknownName, Disabled, or PluginError with the cause."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def trainable(self, name: str) -> Plugin:
        """Like ``load``, and refuse own numbers of the variant that are called like a metric, or a column of one."""
        plugin = self.load(name)
        owners = {column: each.name for each in self._metrics_beside(plugin) for column in (each.name, *each.columns)}
        for report in plugin.variant.reports:
            if report.name in owners:
                raise PluginError(
                    f"{name} ({plugin.origin}) reports a number called '{report.name}', and the metric "
                    f"'{owners[report.name]}' gives one of that name, too.",
                    "Give it another name in describe(): readers could not tell the two apart.",
                )
        return plugin

    def _metrics_beside(self, plugin: Plugin) -> Iterable[Metric]:
        """Every metric, where the plugin has numbers of its own: the others need not wait for extensions."""
        return self.metrics().values() if plugin.variant.reports else ()

    def try_load(self, name: str) -> Plugin | PluginError:
        """Like ``load``, but returns the error: for listings that must go on."""
        try:
            return self.load(name)
        except PluginError as error:
            return error

    def the_one(self, name: str) -> Origin:
        """Who provides a variant.

        Raises UnknownName, Disabled, or PluginError where two distributions claim it, or nothing can be called so.
        """
        if name not in self._points:
            for origin in self._all["variant"]:
                if origin.name == name:
                    raise self.switches.refusal("variant", origin)
            hint = self._registry.install_hint(name) if self._registry else ""
            raise UnknownName("variant", name, self._points, hint)
        points = self._points[name]
        if len(points) > 1:
            owners = " and ".join(map(str, points))
            raise PluginError(
                f"The name '{name}' is claimed by {owners}.",
                "Uninstall one of them, or switch one off with 'ganzoo plugins --disable DISTRIBUTION'.",
            )
        if error := name_error("variant", points[0]):
            raise error
        return points[0]

    def _load(self, name: str) -> Plugin:
        origin = self.the_one(name)
        module = fenced(origin, "failed to load", origin.load, self.notes)
        hooks = guard(origin, "was refused", lambda: _variant(module))
        variant = fenced(origin, "failed in describe", lambda: hooks("describe", {}), self.notes)
        for sentence in check_variant(variant, origin):
            warn(sentence, self.notes)
        return Plugin(
            variant,
            origin,
            lambda hook, given: guard(origin, f"failed in {hook}", lambda: hooks(hook, given), pass_errors=True),
        )

    def datasets(self) -> dict[str, Source]:
        """Every registered dataset source by name."""
        return self._extensions.collect("register_datasets")

    def extractors(self) -> dict[str, ExtractorSource]:
        """Every registered extractor by name."""
        return self._extensions.collect("register_extractors")

    def metrics(self) -> dict[str, Metric]:
        """Every registered metric by name."""
        return self._extensions.collect("register_metrics")

    def profiles(self) -> dict[str, Profile]:
        """Every registered profile by name."""
        return self._extensions.collect("register_profiles")

    def observers(self) -> dict[str, ObserverSource]:
        """Every registered observer by name."""
        return self._extensions.collect("register_observers")

    def registered(self) -> dict[str, list[str]]:
        """The names that all extensions register, by hook; what fails is in ``broken_extensions``."""
        return {hook: list(self._extensions.collect(hook)) for hook in REGISTERING}

    def emit(self, event: str, run: dict[str, Any]) -> list[str]:
        """Tell every observer; returns one sentence per new failure."""
        return self._extensions.emit(event, run)

    def observed_by(self, then: Callable[[str, dict[str, Any]], None]) -> Callable[[str, dict[str, Any]], None]:
        """An observer that passes events to ``then`` and to every installed one."""

        def both(event: str, fields: dict[str, Any]) -> None:
            then(event, fields)
            for failure in self.emit(event, fields):
                then("warning", {"text": failure})

        return both


def _variant(module: Any) -> Hooks:
    hooks = Hooks(module)
    missing = [hook for hook in REQUIRED if hook not in hooks]
    if missing:
        raise TypeError(f"no hook {', '.join(missing)} marked with @ganzoo.hookimpl")
    return hooks
