"""The state of every installed plugin, none of them loaded here: what ``ganzoo plugins`` and ``ganzoo doctor`` show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ganzoo.errors import PluginError
from ganzoo.plugin.blocklist import is_ours
from ganzoo.plugin.described import Found, refresh
from ganzoo.plugin.entry_points import Origin, by_name, name_error
from ganzoo.plugin.extensions import clash
from ganzoo.plugin.probe import PluginKind, probe

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo


@dataclass(frozen=True)
class Standing:
    """One plugin and how it stands: "ok", "broken", or what switched it off."""

    kind: str
    origin: Origin
    state: str


@dataclass
class Survey:
    """All plugins, and a sentence for each thing that is wrong with them."""

    standings: list[Standing] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is no fault yet: things done on import that were undone, names that nothing goes by."""

    def working(self, kind: str) -> list[str]:
        """The names of one kind that are fine."""
        return [each.origin.name for each in self.standings if each.kind == kind and each.state == "ok"]


def survey(zoo: Zoo, builtin_commands: Collection[str] = ()) -> Survey:
    """Look at every plugin that is on, each in its own process."""
    on = [(cast(PluginKind, kind), origin) for kind, origin in zoo.everything() if not zoo.switches.off(origin)]
    refused = _refused(zoo, builtin_commands)
    found = probe(task for task in on if task not in refused)
    refresh(found)
    broken = {task: [str(error)] for task, error in refused.items()}
    broken |= {task: [seen.cause] for task, seen in found.items() if seen.cause}
    for task, error in _clashes(found):
        broken.setdefault(task, []).append(str(error))
    result = Survey()
    for kind, origin in zoo.everything():
        off = zoo.switches.off(origin)
        state = f"off ({off})" if off else "broken" if (kind, origin) in broken else "ok"
        result.standings.append(Standing(kind, origin, state))
    result.causes = list(dict.fromkeys(cause for causes in broken.values() for cause in causes))
    result.notes = [note for seen in found.values() for note in seen.notes if note not in result.causes]
    unknown = zoo.switches.unknown(origin for _, origin in zoo.everything())
    result.notes += [f"'{name}' is switched off, but nothing installed goes by that name." for name in unknown]
    return result


def _refused(zoo: Zoo, builtin_commands: Collection[str]) -> dict[tuple[PluginKind, Origin], PluginError]:
    """Variants and commands whose name is none, or somebody else's too."""
    refused: dict[tuple[PluginKind, Origin], PluginError] = {}
    for name in zoo.names():
        try:
            zoo.the_one(name)
        except PluginError as error:
            refused |= {("variant", origin): error for origin in zoo.origins(name)}
    for name, origins in by_name(zoo.command_origins()).items():
        for origin in origins:
            if wrong := name_error("command", origin):
                refused["command", origin] = wrong
        if name in builtin_commands or len(origins) > 1:
            clashing = command_clash(name, origins, builtin_commands)
            refused |= {("command", origin): clashing for origin in origins}
    return refused


def command_clash(name: str, origins: list[Origin], builtin_commands: Collection[str]) -> PluginError:
    """The error for a command that several distributions, or one and ganzoo itself, call theirs."""
    owners = [*(["ganzoo itself"] if name in builtin_commands else []), *map(str, origins)]
    return PluginError(
        f"The command '{name}' is claimed by {' and '.join(owners)}.",
        "Uninstall one, or switch one off with 'ganzoo plugins --disable DISTRIBUTION'.",
    )


def _clashes(found: dict[tuple[PluginKind, Origin], Found]) -> list[tuple[tuple[PluginKind, Origin], PluginError]]:
    """Every extension that registers a name which another one registers too, with the error."""
    claims: dict[tuple[str, str], list[Origin]] = {}
    for (_, origin), seen in found.items():
        for hook, names in seen.registers.items():
            for name in names:
                claims.setdefault((hook, name), []).append(origin)
    return [
        (("extension", origin), clash(hook, name, origins))
        for (hook, name), origins in claims.items()
        if len(origins) > 1
        for origin in origins
        if not is_ours(origin)
    ]
