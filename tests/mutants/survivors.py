"""After `make mutants`: every change of the code that no test notices, with the reason why it may live.

python tests/mutants/survivors.py docs/reports/mutants.csv

Beside the table it writes a short page, mutants.md, that counts them.

Reasons are in reasons.toml beside this file: the first rule whose patterns fit a mutant's name and its change. The exit
code is 1 where a survivor has none.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

SURVIVED = 0
NOT_TRIED = None
PAGE = """# Changes that no test notices

`make mutants` changes `scoring/`, `leaderboard/` and `training/` in small ways, one at a time (mutmut {version}), and
runs the tests that reach the changed line. Pictures are left out: they are looked at. {tried:,} of {total:,} changes
were tried so far; {caught:,} were caught by a test or by mypy, {late:,} by a time limit, {unreached:,} lie where no
test of these goes. The {survive:,} that were not noticed are in [mutants.csv](mutants.csv), each with the reason why it
may live:

| survivors | reason |
| ---: | --- |
{rows}
"""
TEXT = r'"([^"]*)"'
HEADER = ("mutant", "before", "after", "reason")


@dataclass(frozen=True)
class Rule:
    """Why mutants of some functions, or of some kind, may live."""

    reason: str
    name: str = ""
    """A regular expression that is found in the mutant's name."""
    before: str = ""
    """One that is found in the lines as they are."""
    after: str = ""
    """One that is found in the lines as they were changed."""

    def fits(self, name: str, before: str, after: str) -> bool:
        """Whether all patterns are found."""
        return all(re.search(p, text) for p, text in ((self.name, name), (self.before, before), (self.after, after)))


def rules() -> list[Rule]:
    """Those of reasons.toml, in their order."""
    found = tomllib.loads((Path(__file__).parent / "reasons.toml").read_text("utf-8"))
    return [Rule(**rule) for rule in found["rule"]]


def only_words(before: str, after: str) -> bool:
    """Whether nothing but a text of several words changed: its case, or XX around it. Keys are one word."""
    if after.replace("XX", "") != before and after.lower() != before.lower():
        return False
    texts = zip(re.findall(TEXT, before), re.findall(TEXT, after), strict=False)
    return any(" " in old.strip() and old != new for old, new in texts)


def change(name: str, path: Path) -> tuple[str, str]:
    """The lines that differ, before and after."""
    lines = get_diff_for_mutant(name, path=path).splitlines()
    removed = [line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")]
    added = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
    return " ".join(removed), " ".join(added)


def page(counts: Counter[int | None], reasons: list[str]) -> str:
    """The page, from the exit codes of all mutants."""
    by = Counter(status_by_exit_code[code] for code in counts.elements())
    rows = [f"| {n} | {reason or 'none yet'} |" for reason, n in Counter(reasons).most_common()]
    return PAGE.format(
        version=version("mutmut"),
        tried=counts.total() - counts[NOT_TRIED],
        total=counts.total(),
        caught=by["killed"] + by["caught by type check"],
        late=by["timeout"],
        unreached=by["no tests"],
        survive=len(reasons),
        rows="\n".join(rows),
    )


def main(target: Path) -> int:
    """Write the table; say on stderr how many mutants there were, and which survivor has no reason."""
    counts: Counter[int | None] = Counter()
    rows, known = [], rules()
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            counts[code] += 1
            if code != SURVIVED:
                continue
            before, after = change(name, path)
            words = "the words of a message, of which tests pin what it names" if only_words(before, after) else ""
            reason = words or next((rule.reason for rule in known if rule.fits(name, before, after)), "")
            rows.append((name, before, after, reason))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([HEADER, *rows])
    target.write_text(buffer.getvalue(), "utf-8")
    target.with_suffix(".md").write_text(page(counts, [row[-1] for row in rows]), "utf-8")
    open_rows = [row for row in rows if not row[-1]]
    for name, before, after, _ in open_rows:
        sys.stderr.write(f"{name}\n  - {before[:200]}\n  + {after[:200]}\n")
    tried = counts.total() - counts[NOT_TRIED]
    sys.stderr.write(
        f"{tried} of {counts.total()} mutants tried, {len(rows)} survive, {len(open_rows)} without a reason\n"
    )
    return 1 if open_rows else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
