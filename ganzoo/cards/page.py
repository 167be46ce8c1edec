"""``ganzoo.card``: the model card of a run, for people and for hubs, made of the run store alone.

record   what the run store has for a card
header   the YAML that hubs read
body     the page
scores   its numbers, and what they do not prove
sampling five lines of ONNX Runtime
writing  a card beside its run, or a folder to upload
"""

from __future__ import annotations

import re
from pathlib import Path

from ganzoo.cards.body import body
from ganzoo.cards.header import header
from ganzoo.cards.record import Record, read_record
from ganzoo.errors import UsageError
from ganzoo.files import expanded


def card(run: str | Path, *, licence: str = "") -> str:
    """The model card of a finished run, as Markdown with the YAML header that hubs expect.

    ``run`` is the run's folder; ``licence`` that of the weights, as hubs call it (``"apache-2.0"``). The same run
    store gives the same bytes. Raises a ganzoo.GanzooError where the folder is no run, or the run has not ended well
    or is damaged.
    """
    return page_of(read_record(expanded(run)), licence)


def page_of(record: Record, licence: str = "") -> str:
    """The card of what was read. Raises UsageError for a licence that is no identifier."""
    licence = licence.lower()
    if licence and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", licence):
        raise UsageError(
            f"'{licence}' is no licence as hubs name them.",
            "Write its identifier, such as apache-2.0, mit, cc-by-4.0, or other.",
        )
    return f"{header(record, licence)}\n{body(record, licence)}"
