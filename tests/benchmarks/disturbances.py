"""What the extractors that come with ganzoo see: makes docs/reports/disturbances.md and what lies beside it.

python tests/benchmarks/disturbances.py PHOTOS [MNIST]

PHOTOS is a folder of photographs in colour; crops of 64×64 are cut from each, which is its class. The report's are the
JPEG files of Debian's mate-backgrounds (nature/), lomiri-wallpapers-16.04 and gnome-backgrounds, and those of
scikit-image. MNIST is the folder of its files. Takes about ten minutes on one core.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo import api
from ganzoo.data.base import Dataset
from ganzoo.data.splits import split_dataset
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.sensitivity import sensitivity
from ganzoo.scoring.sensitivity_files import csv_of, save_chart
from ganzoo.types import DataSpec

SIDE, CROPS = 64, 70
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reports" / "disturbances.md"
HEAD = """# What extractors see

`ganzoo extractor test` on the extractors that come with ganzoo. Real images are taken apart into a reference, held-out
ones and others; the others are spoilt more and more, and every column is compared with what it gives for the images as
they are. *from S*: the column gets worse from that strength on. *blind*: it never clearly does. *better at S*: it moves
the wrong way. *quiet*, or *alarm from S*: it is to say nothing of this. Clearly is by two standard errors of the
difference. All values, with their errors, are in [disturbances.csv](disturbances.csv);
`python tests/benchmarks/disturbances.py` makes this page.

Photographs: {crops} crops of 64×64 from each of {photos} photographs, which are their classes.
"""
READ = """
## How to read it

- Through `pixels` nothing can be told: noise and blur that anybody sees pass for real images or better ones, and a
  Gaussian fitted to the pixels is nearer than real images are.
- Precision and density are made of balls around real samples, which are large where real samples lie far apart.
  Strongly blurred or noisy images, whose features contract, fall into them: through every extractor precision rises
  again from some strength on (the curves show it), and a row that says *better* is that. They are not to be read
  without coverage and recall, and the distances (`fid`, `kid`) are the ones to rank by.
- Columns that warn of copies keep quiet about bad images of every kind, and see copies from a tenth on.
- Mirrored images and mirrored copies are not judged: whether they are other images is for the data to say. The values
  are in the CSV: a network trained on mirrored images takes mirrored copies for copies.
"""


def photographs(folder: Path) -> tuple[Dataset, int]:
    """Crops of every photograph in a folder."""
    rng, x, y = np.random.default_rng(0), [], []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for label, file in enumerate(files):
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
        photo.thumbnail((1600, 1600))
        for _ in range(CROPS):
            width = rng.uniform(0.15, 0.6) * min(photo.size)
            left, top = rng.uniform(0, photo.width - width), rng.uniform(0, photo.height - width)
            crop = photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + width, top + width))
            x.append(np.asarray(crop).transpose(2, 0, 1))
            y.append(label)
    spec = DataSpec(name="photographs", kind="image", shape=(3, SIDE, SIDE), classes=len(files))
    return split_dataset(spec, np.array(x), np.array(y), len(x) // 10), len(files)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table of verdicts, its columns as code."""
    lines = [[header[0], *(f"`{column}`" for column in header[1:])], *rows]
    first, *rest = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([first, "|---" * len(header) + "|", *rest])


def main(folder: Path, mnist: Path | None) -> None:
    """Test every shipped extractor and write the page, the table and the pictures."""
    zoo = Zoo.discover()
    photos, count = photographs(folder)
    work = [("natural", photos, 700), ("natural-96", photos, 700), ("pixels", photos, 700)]
    work.append(("digits", api.dataset("digits", zoo=zoo), 500))
    if mnist is not None:
        work.append(("mnist", api.dataset("mnist", mnist, zoo=zoo), 1000))
    text, rows = HEAD.format(crops=CROPS, photos=count), []
    for name, dataset, n in work:
        extractor = zoo.extractors()[name].open("cpu", 1)
        found = sensitivity(dataset, extractor, list(zoo.metrics().values()), n=n)
        rows += list(csv.reader(io.StringIO(csv_of(found))))[1 if rows else 0 :]
        save_chart(found, PAGE.with_name(f"disturbances-{name}.png"))
        text += f"\n## `{name}` on {found.data}, {found.n} images\n\n" + "\n\n".join(
            markdown(header, rows) for header, *rows in found.tables()
        )
        text += f"\n\n![Every column's curves](disturbances-{name}.png)\n"
        sys.stderr.write(f"{name}: done\n")
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    PAGE.with_suffix(".csv").write_text(buffer.getvalue(), "utf-8")
    PAGE.write_text(text + READ, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
