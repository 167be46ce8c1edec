"""The hooks of one plugin, in a pluggy manager of their own: no other plugin can be asked in its place."""

from __future__ import annotations

import difflib
from typing import Any

import pluggy

from ganzoo.plugin.hookspecs import PROJECT, ExtensionSpec, VariantSpec


class Hooks:
    """What a module marks with ``@ganzoo.hookimpl``.

    Raises TypeError for a hook that ganzoo does not know, a misspelt one above all, and pluggy's error for one with
    parameters that the specification lacks.
    """

    def __init__(self, module: Any) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        for specification in (VariantSpec, ExtensionSpec):
            self._manager.add_hookspecs(specification)
        known = set(vars(self._manager.hook))
        self._manager.register(module)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise TypeError(_unknown(sorted(self._names() - known), sorted(known))) from error

    def __contains__(self, hook: str) -> bool:
        return hook in self._names()

    def __call__(self, hook: str, given: dict[str, Any]) -> Any:
        """The answer of a hook; of an extension's, which pluggy collects in a list, the only one."""
        answer = getattr(self._manager.hook, hook)(**given)
        if hook in vars(ExtensionSpec):  # none of these asks for the first result alone
            return answer[0] if answer else None
        return answer

    def _names(self) -> set[str]:
        return {name for name, caller in vars(self._manager.hook).items() if caller.get_hookimpls()}


def _unknown(names: list[str], known: list[str]) -> str:
    close = difflib.get_close_matches(names[0], known, n=1) if names else []
    what = "hook" if len(names) == 1 else "hooks"
    hint = f" (did you mean {close[0]}?)" if close else f" (there are {', '.join(known)})"
    return f"it marks the {what} {', '.join(names)}, which ganzoo does not know{hint}"
