"""Finding plugins without importing them, loading one at a time, and calling exactly one through pluggy.

A plugin that fails is one sentence naming distribution, version and cause; every other one keeps working.
Set ``GANZOO_STRICT=1`` to see the original exception instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from ganzoo.discovery import Origin, installed
from ganzoo.errors import GanzooError, PluginError, UnknownName
from ganzoo.hookspecs import EXTENSIONS, PROJECT, VARIANTS, ExtensionSpec, VariantSpec
from ganzoo.types import Variant

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from ganzoo.data.base import Source
    from ganzoo.extractors import ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.registry import Registry
    from ganzoo.types import Array, TrainRun

R = TypeVar("R")
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


class Zoo:
    """All installed plugins, by name. Nothing is imported before it is asked for."""

    def __init__(
        self,
        variants: Iterable[EntryPoint | Origin] = (),
        extensions: Iterable[EntryPoint | Origin] = (),
        registry: Registry | None = None,
    ) -> None:
        self._points = _by_name(variants)
        self._extension_points = _by_name(extensions)
        self._registry = registry
        self._loaded: dict[str, Plugin] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(VariantSpec)
        self._extensions: pluggy.PluginManager | None = None
        self._extension_names: dict[str, Origin] = {}
        self.broken_extensions: dict[str, PluginError] = {}

    @classmethod
    def discover(cls, registry: Registry | None = None) -> Zoo:
        """Read the installed entry points; the registry lets unknown names say what to install."""
        variants, extensions = installed(VARIANTS, EXTENSIONS)
        return cls(variants, extensions, registry)

    def names(self) -> list[str]:
        """Every variant's name, sorted."""
        return sorted(self._points)

    def origins(self, name: str) -> list[Origin]:
        """The distributions that claim a name; more than one is a clash."""
        return list(self._points[name])

    def extension_origins(self) -> list[Origin]:
        """Every extension, loaded or not."""
        return [point for points in self._extension_points.values() for point in points]

    def load(self, name: str) -> Plugin:
        """Import and describe one variant. Raises UnknownName, or PluginError with the cause."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def try_load(self, name: str) -> Plugin | PluginError:
        """Like ``load``, but returns the error: for listings that must go on."""
        try:
            return self.load(name)
        except PluginError as error:
            return error

    def _load(self, name: str) -> Plugin:
        if name not in self._points:
            hint = self._registry.install_hint(name) if self._registry else ""
            raise UnknownName("variant", name, self._points, hint)
        points = self._points[name]
        if len(points) > 1:
            owners = " and ".join(map(str, points))
            raise PluginError(f"The name '{name}' is claimed by {owners}.", "Uninstall one of them.")
        origin = points[0]
        module = _guard(origin, "failed to load", origin.load)
        try:
            _guard(origin, "was refused", lambda: self._register(module, name))
            variant = _guard(origin, "failed in describe", lambda: self._caller(module)("describe", {}))
            _check_variant(variant, origin)
        except BaseException:
            self._forget(name)
            raise
        call = self._caller(module)
        return Plugin(
            variant,
            origin,
            lambda hook, given: _guard(origin, f"failed in {hook}", lambda: call(hook, given), own=True),
        )

    def _register(self, module: Any, name: str) -> None:
        self._manager.register(module, name)
        missing = [hook for hook in REQUIRED if not self._has_hook(module, hook)]
        if missing:
            raise TypeError(f"no hook {', '.join(missing)} marked with @ganzoo.hookimpl")

    def _forget(self, name: str) -> None:
        """Take a refused plugin out again, so that asking twice gives the same answer."""
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)

    def _has_hook(self, module: Any, hook: str) -> bool:
        return any(impl.plugin is module for impl in getattr(self._manager.hook, hook).get_hookimpls())

    def _caller(self, module: Any) -> Callable[[str, dict[str, Any]], Any]:
        return lambda hook, given: _call_alone(self._manager, module, hook, given)

    def datasets(self) -> dict[str, Source]:
        """Every registered dataset source by name."""
        return self._collect("register_datasets")

    def extractors(self) -> dict[str, ExtractorSource]:
        """Every registered extractor by name."""
        return self._collect("register_extractors")

    def metrics(self) -> dict[str, Metric]:
        """Every registered metric by name."""
        return self._collect("register_metrics")

    def check_extensions(self) -> list[str]:
        """Ask every extension for all it registers; one sentence per problem."""
        clashes = []
        for ask in (self.datasets, self.extractors, self.metrics):
            try:
                ask()
            except PluginError as error:
                clashes.append(str(error))
        return [*map(str, self.broken_extensions.values()), *clashes]

    def emit(self, event: str, run: dict[str, Any]) -> list[str]:
        """Tell every observer; returns one sentence per observer that failed."""
        return [
            str(error)
            for _, result in self._each("run_event", event=event, run=run)
            if isinstance(error := result, PluginError)
        ]

    def _collect(self, hook: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        owners: dict[str, str] = {}
        for owner, items in self._each(hook, check=_named):
            if isinstance(items, PluginError):
                self.broken_extensions[owner] = items
                continue
            for item in items:
                if item.name in found:
                    raise PluginError(
                        f"The name '{item.name}' is registered by {owners[item.name]} and {owner}.",
                        "Uninstall one of them.",
                    )
                found[item.name] = item
                owners[item.name] = owner
        return found

    def _each(
        self, hook: str, check: Callable[[Any], Any] = lambda result: result, **given: Any
    ) -> list[tuple[str, Any]]:
        """The owner and the checked result, or the error, of every extension that has the hook."""
        manager = self._extension_manager()
        results: list[tuple[str, Any]] = []
        for impl in getattr(manager.hook, hook).get_hookimpls():
            origin = self._extension_names[impl.plugin_name]
            try:
                answers = _guard(origin, f"failed in {hook}", partial(_call_alone, manager, impl.plugin, hook, given))
                result = _guard(origin, f"failed in {hook}", partial(check, answers[0] if answers else None))
            except PluginError as error:
                result = error
            results.append((str(origin), result))
        return results

    def _extension_manager(self) -> pluggy.PluginManager:
        if self._extensions is None:
            manager = pluggy.PluginManager(PROJECT)
            manager.add_hookspecs(ExtensionSpec)
            for origin in self.extension_origins():
                name = f"{origin}: {origin.name}"  # two distributions may well call theirs the same
                self._extension_names[name] = origin
                try:
                    module = _guard(origin, "failed to load", origin.load)
                    _guard(origin, "was refused", lambda m=module, n=name: manager.register(m, n))
                except PluginError as error:
                    self.broken_extensions[str(origin)] = error
                    if manager.has_plugin(name):
                        manager.unregister(name=name)
            self._extensions = manager
        return self._extensions


def _call_alone(manager: pluggy.PluginManager, plugin: Any, hook: str, given: dict[str, Any]) -> Any:
    """Call a hook of one plugin and of no other."""
    others = [other for other in manager.get_plugins() if other is not plugin]
    return manager.subset_hook_caller(hook, others)(**given)


def _by_name(points: Iterable[EntryPoint | Origin]) -> dict[str, list[Origin]]:
    """Group by name; the same distribution seen twice on the path counts once."""
    found: dict[str, list[Origin]] = {}
    for origin in dict.fromkeys(map(Origin.of, points)):
        found.setdefault(origin.name, []).append(origin)
    return found


def _named(items: Any) -> list[Any]:
    """What a register hook returned, if it is a list of things with names."""
    if not isinstance(items, list) or not all(isinstance(getattr(item, "name", None), str) for item in items):
        raise TypeError("it must return a list of objects that have a name")
    return items


def _guard(origin: Origin, what: str, action: Callable[..., R], *, own: bool = False) -> R:
    """Run foreign code; anything it raises becomes a PluginError. ``own`` lets errors of ganzoo's tree pass through."""
    try:
        return action()
    except KeyboardInterrupt:
        raise
    except (Exception, SystemExit) as error:  # the plugin boundary: whatever it is, name the culprit
        if os.environ.get("GANZOO_STRICT") == "1" or (own and isinstance(error, GanzooError)):
            raise
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"Plugin {origin.name} ({origin}) {what}: {cause}.") from error


def _check_variant(variant: Any, origin: Origin) -> None:
    if not isinstance(variant, Variant):
        raise PluginError(
            f"Plugin {origin.name} ({origin}) described itself with {type(variant).__name__}, not ganzoo.Variant."
        )
    if variant.name != origin.name:
        raise PluginError(
            f"Plugin {origin.name} ({origin}) calls itself '{variant.name}'.",
            "The entry point's name and the described name must agree.",
        )
