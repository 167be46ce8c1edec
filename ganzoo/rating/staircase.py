"""How long an image is shown where the time is limited: the staircase of HYPE_time (Zhou et al. 2019, section 3.1).

It is a weighted up-down rule (Kaernbach 1991): a right answer takes DOWN milliseconds away, a wrong one adds UP, three
times as much, so that it settles where three of four answers are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

START, LEAST, MOST = 500, 100, 1000
DOWN, UP = 10, 30


def exposures(right: Sequence[bool]) -> list[int]:
    """The milliseconds of each image of a block, and of the next one, by whether each answer so far was right."""
    found = [START]
    for answer in right:
        step = -DOWN if answer else UP
        found.append(min(MOST, max(LEAST, found[-1] + step)))
    return found


def threshold(right: Sequence[bool]) -> int:
    """The modal exposure of a block: what was shown most often; of several the shortest. Of no image START."""
    counts = Counter(exposures(right)[:-1] or [START])
    most = max(counts.values())
    return min(milliseconds for milliseconds, times in counts.items() if times == most)
