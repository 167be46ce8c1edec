"""One export before the first step: a generator that breaks the contract is refused now, not after the training."""

from __future__ import annotations

import gc
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import PluginError
from ganzoo.escaping import one_line
from ganzoo.generator.export import export_checked
from ganzoo.training.loop import Loop

if TYPE_CHECKING:
    from ganzoo.data.base import Split
    from ganzoo.generator.contract import GeneratorInfo
    from ganzoo.plugin.manager import Plugin
    from ganzoo.types import Checkpointable

ROWS = 256
"""Training samples that a rehearsal sees: it only builds the networks, and all data may be much to copy."""


def rehearse(plugin: Plugin, data: Split, options: Any, info: GeneratorInfo, device: str) -> None:
    """Have ``plugin`` build its generator in a run without steps, export it, and hold the file to the contract.

    What is fitted rather than trained may be nothing at all before its first step, so a fault counts only where it is
    there after one step too, taken on a copy that is thrown away. Where ``train`` itself raises nothing is said: the
    training proper will. Nothing is left behind, and no observer hears of it.

    Raises ModelError or PluginError as the export after the training would.
    """
    with same_random_states():
        fault = _fault(plugin, _Rehearsal(data, options, info, device, most=0), info)
        if fault is not None and (again := _fault(plugin, _Rehearsal(data, options, info, device, most=1), info)):
            raise again from None
    del fault  # its traceback holds the model
    gc.collect()  # a framework's objects are full of cycles: the training needs the memory


def _fault(plugin: Plugin, run: _Rehearsal, info: GeneratorInfo) -> Exception | None:
    """What is wrong with the exported generator, or with the names of the variant's own numbers."""
    try:
        model = plugin.train(run)
    except Exception:  # noqa: BLE001 - whatever it is, the training proper meets it too and reports it
        return None
    names = [each.name for each in plugin.variant.reports]
    for name in sorted(run.told.faults.keys() - names):
        return PluginError(
            f"{plugin.variant.name} ({plugin.origin}) reports the number '{one_line(name)}', but describe() declares "
            f"{', '.join(names) or 'none'}.",
            "Declare it with ganzoo.Report(name=..., direction=..., help=...) in the variant's reports.",
        )
    with tempfile.TemporaryDirectory(prefix="ganzoo-rehearsal-") as folder:
        try:
            export_checked(plugin, model, Path(folder) / "raw.onnx", Path(folder) / "generator.onnx", info)
        except Exception as error:  # noqa: BLE001 - a ganzoo error, or with GANZOO_STRICT=1 the plugin's own
            return error
    return None


def few(data: Split) -> Split:
    """The first samples of ``data``, of the same form."""
    return replace(data, x=data.x[:ROWS], y=None if data.y is None else data.y[:ROWS])


class _Rehearsal(Loop):
    """A run that ends after ``most`` steps, sees a few samples and keeps its checkpoints in memory."""

    def __init__(self, data: Split, options: Any, info: GeneratorInfo, device: str, *, most: int) -> None:
        super().__init__(data=few(data), options=options, seed=info.seed, latent=info.latent, device=device)
        self._most = most

    def chunks(self, total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        """As ``Loop.chunks``, cut short."""
        return super().chunks(min(total, self._most), state=state, size=size)


@contextmanager
def same_random_states() -> Iterator[None]:
    """Put global random states back: for a plugin that draws from them, against its contract."""
    python, legacy = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    state = torch.get_rng_state() if torch is not None else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        if torch is not None:
            torch.set_rng_state(state)
