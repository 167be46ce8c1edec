"""The IDX format of MNIST: big-endian header (two zero bytes, type, rank, sizes), then the values."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import DataError

if TYPE_CHECKING:
    from ganzoo.types import Array

_UBYTE = 8
_HINT = "Put a good copy of the file in its place."


def parse_idx(content: bytes, name: str) -> Array:
    """The array of an IDX file of unsigned bytes, uint8, of the shape its header states.

    ``name`` is what messages call it. Raises DataError for a wrong magic number and for missing or surplus bytes.
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _UBYTE]) or content[3] == 0:
        raise DataError(
            f"The file {name} is no IDX file of bytes: it begins with {content[:4].hex() or 'nothing'}.", _HINT
        )
    rank = content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(f"The file {name} ends within its header, after {len(content)} of {start} bytes.", _HINT)
    shape = struct.unpack(f">{rank}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise DataError(
            f"The file {name} has {len(content) - start} values, but its header says "
            f"{' × '.join(map(str, shape))} = {math.prod(shape)}.",
            _HINT,
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
