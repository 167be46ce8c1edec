"""The hooks of a plugin's module, held against their specifications."""

from __future__ import annotations

import inspect
from typing import Any

from ganzoo.plugin.hookspecs import PROJECT, VariantSpec
from ganzoo.plugin.manager import REQUIRED


def signature_faults(module: Any) -> list[str]:
    """What is wrong with the hooks of a plugin's module, one phrase each."""
    marked = {name: member for name, member in inspect.getmembers(module) if hasattr(member, f"{PROJECT}_impl")}
    faults = [f"there is no hook {name} marked with @ganzoo.hookimpl" for name in REQUIRED if name not in marked]
    for name, function in marked.items():
        spec = getattr(VariantSpec, name, None)
        if spec is None:
            faults.append(f"'{name}' is marked as a hook, but there is no such hook of a variant")
            continue
        known = list(inspect.signature(spec).parameters)[1:]
        taken = list(inspect.signature(function).parameters)
        extra = [parameter for parameter in taken if parameter not in known]
        if extra:
            faults.append(f"{name} takes {', '.join(extra)}; it is given {', '.join(known) or 'nothing'}")
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            faults.append(f"{name} is no plain function")
    return faults
