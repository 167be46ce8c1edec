"""ganzoo: train any GAN as a plugin, export it to ONNX, sample and score every model alike.

Names are imported when first used, so that ``import ganzoo`` costs nothing a command does not need.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo._version import __version__ as __version__

if TYPE_CHECKING:
    from ganzoo.adding import add as add
    from ganzoo.api import compare as compare
    from ganzoo.api import dataset as dataset
    from ganzoo.api import load as load
    from ganzoo.api import sample as sample
    from ganzoo.api import score as score
    from ganzoo.api import train as train
    from ganzoo.cards.page import card as card
    from ganzoo.data.base import Dataset as Dataset
    from ganzoo.data.base import Source as Source
    from ganzoo.data.base import Split as Split
    from ganzoo.diagnosis.diagnose import diagnose as diagnose
    from ganzoo.errors import DeviceError as DeviceError
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.errors import PluginError as PluginError
    from ganzoo.extractors.base import Extracted as Extracted
    from ganzoo.extractors.base import ExtractorSource as ExtractorSource
    from ganzoo.generator.engine import Generator as Generator
    from ganzoo.generator.foreign import Reading as Reading
    from ganzoo.likeness import pairs as pairs
    from ganzoo.metrics.base import Influence as Influence
    from ganzoo.metrics.base import Metric as Metric
    from ganzoo.metrics.base import Reference as Reference
    from ganzoo.metrics.base import Sets as Sets
    from ganzoo.metrics.parity_profiles.base import Profile as Profile
    from ganzoo.options import Options as Options
    from ganzoo.options import option as option
    from ganzoo.plugin.hookspecs import hookimpl as hookimpl
    from ganzoo.plugin.observers import ObserverSource as ObserverSource
    from ganzoo.plugin.observers import RunObserver as RunObserver
    from ganzoo.scoring.setup import Terms as Terms
    from ganzoo.types import API_VERSION as API_VERSION
    from ganzoo.types import Checkpointable as Checkpointable
    from ganzoo.types import DataSpec as DataSpec
    from ganzoo.types import Estimate as Estimate
    from ganzoo.types import Facts as Facts
    from ganzoo.types import Inputs as Inputs
    from ganzoo.types import LatentSpec as LatentSpec
    from ganzoo.types import MeasureRun as MeasureRun
    from ganzoo.types import Report as Report
    from ganzoo.types import TrainData as TrainData
    from ganzoo.types import TrainRun as TrainRun
    from ganzoo.types import Variant as Variant
    from ganzoo.views import picture as picture

_HOMES = {
    "API_VERSION": "types",
    "Checkpointable": "types",
    "DataSpec": "types",
    "Estimate": "types",
    "Facts": "types",
    "Inputs": "types",
    "LatentSpec": "types",
    "MeasureRun": "types",
    "Report": "types",
    "TrainData": "types",
    "TrainRun": "types",
    "Variant": "types",
    "Options": "options",
    "option": "options",
    "hookimpl": "plugin.hookspecs",
    "DeviceError": "errors",
    "GanzooError": "errors",
    "PluginError": "errors",
    "Generator": "generator.engine",
    "Reading": "generator.foreign",
    "Dataset": "data.base",
    "Source": "data.base",
    "Split": "data.base",
    "Extracted": "extractors.base",
    "ExtractorSource": "extractors.base",
    "Influence": "metrics.base",
    "Metric": "metrics.base",
    "Profile": "metrics.parity_profiles.base",
    "ObserverSource": "plugin.observers",
    "RunObserver": "plugin.observers",
    "Reference": "metrics.base",
    "Sets": "metrics.base",
    "Terms": "scoring.setup",
    "add": "adding",
    "card": "cards.page",
    "compare": "api",
    "dataset": "api",
    "diagnose": "diagnosis.diagnose",
    "load": "api",
    "pairs": "likeness",
    "picture": "views",
    "sample": "api",
    "score": "api",
    "train": "api",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"ganzoo.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
