"""Installing the plugin that passes every check, whole or broken in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking import Change, Installed, changed
from helpers import Install

from ganzoo.plugin.manager import Zoo


@pytest.fixture
def installed(install: Install, tmp_path: Path) -> Installed:
    """``installed((old, new), ...)``: a zoo of the plugin with these changes of its source or its metadata."""

    def make(*changes: Change) -> Zoo:
        source, metadata = changed(changes)
        points = install("checked-dist", variants={"checked": source})
        (written,) = tmp_path.glob("site*/*.dist-info/METADATA")
        written.write_text(metadata)
        return Zoo(points)

    return make
