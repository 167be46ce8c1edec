"""What the tests of the checks share: the plugin that passes them all, and how it is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ganzoo.plugin.manager import Zoo

Change = tuple[str, str]
Installed = Callable[..., Zoo]

SOURCE = (Path(__file__).parent / "checked.py").read_text("utf-8")
METADATA = """Metadata-Version: 2.4
Name: checked-dist
Version: 1.2
Summary: A plugin for tests.
License-Expression: Apache-2.0
Requires-Python: >=3.11
Requires-Dist: ganzoo>=0.1
"""


def changed(changes: tuple[Change, ...]) -> tuple[str, str]:
    """Source and metadata with every change made; each must find what it replaces in one of the two."""
    source, metadata = SOURCE, METADATA
    for old, new in changes:
        assert (old in source) != (old in metadata), f"{old!r} stands in the source or in the metadata"
        source, metadata = source.replace(old, new), metadata.replace(old, new)
    return source, metadata
