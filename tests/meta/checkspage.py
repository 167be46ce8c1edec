"""docs/plugins/checks.md, made from the checks.

python tests/meta/checkspage.py docs/plugins/checks.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from ganzoo.checks import CHECKS

_INTRODUCTION = """# The checks

<!-- Made by tests/meta/checkspage.py from ganzoo.checks.CHECKS; a test holds the two together. -->

`ganzoo check NAME` tries a plugin on toy data and says which rules it keeps. Which checks apply is decided by what
`describe()` declares, never by name. An id never changes once it is published; new checks may be added.

```sh
ganzoo check gaussian
ganzoo check gaussian --only parity --only dynamic-batch
ganzoo check gaussian --markdown
ganzoo check --list
```

A check is `passed`, `failed`, `skipped` (it does not apply, or needs another one that fails) or `expected`: it failed,
and that was announced with a reason. An announced failure that passes is a failure. The exit code is 1 where any
check failed.

```sh
ganzoo check gaussian --expect parity="no reason at all"  # exit 1
```

All runs on the CPU in one process of its own with one compute thread. A plugin that ends that process, or takes longer
than `--timeout` for one check, has failed that check; the others go on in a new process. Training takes at most 6
steps, in chunks of at most 2, on 48 samples. Whole-number options are set to 8, or as near to it as their defaults and
bounds allow; `--set name=value` gives others.

In the tests of a package, the same checks are one test each:

```python
from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("gaussian", expected_failures={})
def test_checks(check):
    check()
```

`expected_failures={"id": "reason"}` and `options={...}` are what `--expect` and `--set` are on the command line.

## Catalogue

"""


def page() -> str:
    """The whole page as Markdown."""
    entries = [
        f"### {each.id}\n\n{each.summary}\n\nFor {each.applies_to}. When it fails: {each.remedy}\n" for each in CHECKS
    ]
    return _INTRODUCTION + "\n".join(entries)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
