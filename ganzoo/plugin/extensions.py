"""The second kind of plugin: extensions, asked for what they register, and told of runs.

All are loaded when the first thing is asked of them, each behind the fence. A name that two of them register belongs
to neither, unless one is ganzoo itself; everything else of both goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import PluginError, ScoreError
from ganzoo.naming import RULE, fault
from ganzoo.plugin.blocklist import is_ours
from ganzoo.plugin.hooks import Hooks
from ganzoo.plugin.isolation import fenced, guard, strict, warn
from ganzoo.plugin.observers import OpenObservers
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin
    from ganzoo.plugin.observers import RunObserver

# The class of each hook's objects, and what they must have. A wrong one would otherwise break a listing far from here.
_OBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "register_datasets": ("Source", {"kind": str, "argument": str, "files": tuple, "load": Callable}),
    "register_extractors": ("ExtractorSource", {"open": Callable}),
    "register_metrics": ("Metric", {"columns": tuple, "needs": tuple, "compute": Callable}),
    "register_profiles": ("Profile", {"metrics": tuple, "extractor": str}),
    "register_observers": ("ObserverSource", {"open": Callable}),
}
REGISTERING = tuple(_OBJECTS)


class Extensions:
    """All extensions of one zoo; sentences on them go to ``notes``."""

    hooks = REGISTERING

    def __init__(self, origins: Iterable[Origin], notes: list[str]) -> None:
        self.origins = list(origins)
        self.broken: dict[Origin, PluginError] = {}
        self.notes = notes
        self._hooks: dict[Origin, Hooks] | None = None
        self._observers = OpenObservers(lambda: self.collect("register_observers"))

    def collect(self, hook: str) -> dict[str, Any]:
        """Every object that a registering hook gives, by its name."""
        claims: dict[str, list[tuple[Origin, Any]]] = {}
        for origin, items in self._each(hook, check=partial(_checked, hook)):
            if isinstance(items, PluginError):
                self._break(origin, items)
                continue
            for item in items:
                claims.setdefault(item.name, []).append((origin, _watched(hook, item, origin, self.notes)))
        chosen = {name: self._settle(hook, name, claim) for name, claim in claims.items()}
        return {name: item for name, item in chosen.items() if item is not None}

    def emit(self, event: str, run: dict[str, Any]) -> list[str]:
        """Tell every observer; one sentence for each failure that was not told before."""
        failures = [error for _, error in self._each("run_event", event=event, run=run) if error is not None]
        failures += self._observers.tell(event, run)
        new = [sentence for error in failures if (sentence := str(error)) not in self.notes]
        self.notes += new
        return new

    def _settle(self, hook: str, name: str, claim: list[tuple[Origin, Any]]) -> Any:
        """The object that a name stands for: ganzoo's own before any other, and none where two others claim it."""
        if len(claim) == 1:
            return claim[0][1]
        ours = [item for origin, item in claim if is_ours(origin)]
        error = clash(hook, name, [origin for origin, _ in claim])
        if strict():
            raise error
        for origin, _ in claim:
            if not is_ours(origin):
                self.broken.setdefault(origin, error)
        warn(str(error), self.notes)
        return ours[0] if ours else None

    def _break(self, origin: Origin, error: PluginError) -> None:
        self.broken.setdefault(origin, error)
        warn(str(error), self.notes)

    def _each(
        self, hook: str, check: Callable[[Any], Any] = lambda result: result, **given: Any
    ) -> list[tuple[Origin, Any]]:
        """The checked result, or the error, of every extension that has the hook."""
        results: list[tuple[Origin, Any]] = []
        for origin, hooks in self._loaded().items():
            if hook not in hooks:
                continue
            ask = partial(_ask, hooks, hook, deepcopy(given), check)
            try:
                # Observers are told hundreds of times in a run: looking after each what it changed would cost too much.
                run = guard if hook == "run_event" else partial(fenced, notes=self.notes)
                results.append((origin, run(origin, f"failed in {hook}", ask)))
            except PluginError as error:
                results.append((origin, error))
        return results

    def _loaded(self) -> dict[Origin, Hooks]:
        if self._hooks is None:
            loaded = {origin: self._load(origin) for origin in self.origins}
            self._hooks = {origin: hooks for origin, hooks in loaded.items() if hooks is not None}
        return self._hooks

    def _load(self, origin: Origin) -> Hooks | None:
        try:
            module = fenced(origin, "failed to load", origin.load, self.notes)
            return guard(origin, "was refused", lambda: _extension(module))
        except PluginError as error:
            self._break(origin, error)
            return None


def clash(hook: str, name: str, origins: list[Origin]) -> PluginError:
    """The error for a name that several extensions register."""
    what = hook.removeprefix("register_").removesuffix("s")
    rest = "ganzoo's own is used" if any(map(is_ours, origins)) else "none of them is used"
    return PluginError(
        f"The {what} '{name}' is registered by {' and '.join(map(str, origins))}; {rest}.",
        "Uninstall one, or switch one off with 'ganzoo plugins --disable NAME'.",
    )


def _extension(module: Any) -> Hooks:
    hooks = Hooks(module)
    if not any(hook in hooks for hook in (*REGISTERING, "run_event")):
        raise TypeError("it has no hook of an extension marked with @ganzoo.hookimpl")
    return hooks


def _ask(hooks: Hooks, hook: str, given: dict[str, Any], check: Callable[[Any], Any]) -> Any:
    answer = hooks(hook, given)
    return None if hook == "run_event" else check(answer)


def _checked(hook: str, items: Any) -> list[Any]:
    """What a register hook returned, if it is a list of things that are what they should be."""
    wanted, fields = _OBJECTS[hook]
    if not isinstance(items, list) or not all(any(c.__name__ == wanted for c in type(i).__mro__) for i in items):
        raise TypeError(f"it must return a list of ganzoo.{wanted}")
    for item in items:
        for field, kind in {"name": str, "summary": str, **fields}.items():
            value = getattr(item, field, None)
            if not isinstance(value, kind):
                raise TypeError(f"{wanted} '{item.name}' has {field}={value!r}, no {kind.__name__.lower()}")
        if found := next(filter(None, map(fault, _names(hook, item))), ""):
            raise ValueError(f"of a {wanted} {found}; {RULE[0].lower()}{RULE[1:-1]}")
    return items


def _names(hook: str, item: Any) -> list[str]:
    """All names that an object brings: its own and those of its columns."""
    metrics = {"register_metrics": (item,), "register_profiles": getattr(item, "metrics", ())}.get(hook, ())
    return [item.name, *(str(column) for metric in metrics for column in metric.columns)]


def _watched(hook: str, item: Any, origin: Origin, notes: list[str]) -> Any:
    """The object with its function behind the fence, so that an error in it names its owner too."""
    if is_ours(origin):
        return item
    if hook == "register_metrics":
        return msgspec.structs.replace(item, compute=partial(_compute, item, origin, notes))
    if hook == "register_profiles":
        return msgspec.structs.replace(
            item, metrics=tuple(_watched("register_metrics", each, origin, notes) for each in item.metrics)
        )
    verb = "load" if hook == "register_datasets" else "open"
    action = getattr(item, verb)

    def watched(*given: Any) -> Any:
        made = guard(origin, f"failed to {verb} '{item.name}'", lambda: action(*given), pass_errors=True)
        return _WatchedObserver(made, item.name, origin) if hook == "register_observers" else made

    return msgspec.structs.replace(item, **{verb: watched})


class _WatchedObserver:
    """An open observer behind the fence."""

    def __init__(self, observer: RunObserver, name: str, origin: Origin) -> None:
        self._observer = observer
        self._guard = partial(guard, origin, f"failed in the observer '{name}'")

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Pass an event on."""
        self._guard(lambda: self._observer.write(event, run))

    def close(self) -> None:
        """Close it."""
        self._guard(self._observer.close)


def _compute(metric: Any, origin: Origin, notes: list[str], sets: Any) -> dict[str, Estimate]:
    """The metric's columns; none, and a warning, where it fails: the other metrics are not its business."""

    def checked() -> dict[str, Estimate]:
        found = metric.compute(sets)
        if not isinstance(found, dict) or not found.keys() <= set(metric.columns):
            raise TypeError(f"it must return a dict of {', '.join(metric.columns)}")
        if not all(isinstance(value, Estimate) for value in found.values()):
            raise TypeError("its values must be ganzoo.Estimate")
        return found

    try:
        return guard(origin, f"failed in the metric '{metric.name}'", checked, pass_errors=True)
    except ScoreError:
        raise
    except PluginError as error:
        warn(str(error), notes)
        return {}
