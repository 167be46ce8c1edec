"""The report as a folder: what it links to is there, names are text, and nothing of anybody's is lost."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from ganzoo import registry
from ganzoo.columns import COLUMNS
from ganzoo.errors import StoreError, UnknownName, UsageError
from ganzoo.report import site
from ganzoo.report.site import write_report
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json
from ganzoo.testing import toy_images
from ganzoo.training.frames import FrameFile
from ganzoo.training.runs import FRAMES, RunFolder, RunStore

from .conftest import HOSTILE

Files = Callable[[Path], dict[str, bytes]]
NAMES = ("digits.png", *(f"digits/gaussian{end}.png" for end in ("", "-seeds", "-between", "-copies")))
VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """A page's tags with their attributes, its text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def written(boards: Path, store: RunStore, out: Path, **words: object) -> Path:
    index = write_report(boards, store, registry.load(), out, **words)  # type: ignore[arg-type]
    assert index == out / "index.html"
    return out


def pages(out: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in out.rglob("*.html")}


def seed_0(store: RunStore) -> RunFolder:
    runs = [RunFolder(path) for path in store.root.glob("digits/gaussian/*") if path.is_dir()]
    return next(run for run in runs if run.manifest().seed == 0)


def test_every_link_leads_somewhere_within_the_folder(boards: Path, store: RunStore, tmp_path: Path) -> None:
    out = written(boards, store, tmp_path / "report")
    found = pages(out)
    assert len(found) == 1 + 6 + 1, "the first page, and one for each row"
    reached = {out / "index.html"}
    for path, page in found.items():
        links = [each["href"] for each in page.all("a")] + [each["src"] for each in page.all("img")]
        assert links
        for link in links:
            parts = urlsplit(link)
            assert (parts.scheme, parts.netloc) == ("", ""), link
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file() and target.is_relative_to(out.resolve()), link
            reached.add(target)
            if parts.fragment and target.suffix == ".html":
                ids = [attributes.get("id") for _, attributes in pages(out)[target].tags]
                assert parts.fragment in ids, link
    assert {path.resolve() for path in out.rglob("*") if path.is_file()} == {path.resolve() for path in reached}
    assert "http" not in "".join(page.text for page in found.values()).replace("https://arxiv.org", "")


def test_names_and_notes_are_text(boards: Path, store: RunStore, tmp_path: Path) -> None:
    out = written(boards, store, tmp_path / "report", title=f"<b>{HOSTILE}")
    for page in pages(out).values():
        assert not [each for each in page.all("img") if each["src"] == "x"]
        assert not [attributes for _, attributes in page.tags if "onerror" in attributes]
        assert not page.all("b")
    index = Page((out / "index.html").read_text())
    assert f"broken: {HOSTILE}" in index.text
    assert f"<b>{HOSTILE}" in index.text
    rows = [each for each in index.all("tr") if "data-variant" in each]
    assert f"gan loss={HOSTILE}" in [each["data-variant"] for each in rows]


def test_a_board_has_its_cells_its_best_and_its_tables(boards: Path, store: RunStore, tmp_path: Path) -> None:
    out = written(boards, store, tmp_path / "report")
    index = Page((out / "index.html").read_text())
    heads = [each["data-column"] for each in index.all("th") if "data-column" in each]
    assert heads[:5] == ["rank", "variant", "fid", "interval", "backend"]
    assert "coverage" in heads[len(heads) // 2 :]
    assert "dcgan is first of 3 models, and significantly so." in index.text
    assert "wgan is first of 1 models" in index.text
    values = [each["data-v"] for each in index.all("td") + index.all("th") if "data-v" in each]
    assert "1.05" in values and "dcgan" in values
    table = list(csv.DictReader(io.StringIO((out / "digits.csv").read_text())))
    assert [row["variant"] for row in table][:2] == ["dcgan", f"gan loss={HOSTILE}"]
    assert json.loads((out / "digits.json").read_text())["rows"][0]["fid"] == 1.05
    assert (out / "runs.csv").read_bytes() == (boards / "runs.csv").read_bytes()


def test_a_variants_page_has_its_seeds_its_command_and_its_pictures(
    boards: Path, store: RunStore, tmp_path: Path
) -> None:
    out = written(boards, store, tmp_path / "report")
    page = Page((out / "digits" / "gaussian.html").read_text())
    ends = ("", "-seeds", "-between", "-copies")
    assert [each["src"] for each in page.all("img")] == [f"../digits/gaussian{end}.png" for end in ends]
    score = read_json(seed_0(store).file("score.json"), Score)
    assert [each.name for each in score.classes] == list("0123456789")
    assert all(f"{each.fid.value:.4g} ± " in page.text for each in score.classes if each.fid)
    assert all(each["alt"] for each in page.all("img"))
    assert "ganzoo train gaussian --data digits --seed 0" in page.text
    for text in ("seed 0", "seed 1", "5 ± 0.001", "5.5 ± 0.001", "rank", "Rank "):
        assert text in page.text
    gone = Page((out / "digits" / "dcgan.html").read_text())
    assert "Rank 1 of 3 by fid; the probability of being best is >99%." in gone.text
    assert not gone.all("img") and "The command" not in gone.text, "the store does not have its runs"
    assert "1.1 ± 0.001" in gone.text
    broken = Page((out / "digits" / "broken.html").read_text())
    assert f"seed 0: {HOSTILE}" in broken.text and "Not ranked: 1 of 1 failed." in broken.text
    assert "what real data score" in Page((out / "digits" / "real.html").read_text()).text
    assert "its role is comparator" in Page((out / "digits" / "vae.html").read_text()).text


@pytest.mark.parametrize("single", [False, True])
def test_a_run_with_frames_has_a_section_over_time(
    single: bool, boards: Path, store: RunStore, tmp_path: Path, files: Files
) -> None:
    frames = seed_0(store).file(FRAMES)
    data = toy_images(classes=0)
    file = FrameFile(frames, data)
    for step in (1, 1_000):
        file.add(step, data.scaled()[:16] / (1 + step))
    try:
        out = written(boards, store, tmp_path / "report", single_file=single)
        page = Page((out / ("index.html" if single else "digits/gaussian.html")).read_text())
        assert page.text.count("Over training time") == 1
        (shown,) = [each for each in page.all("img") if "what the generator" in each["alt"].lower()]
        assert "of seed 0 made after 1 and 1,000 steps: each column one latent, the samples 0 to 7" in shown["alt"]
        content = (
            base64.b64decode(shown["src"].removeprefix("data:image/png;base64,"))
            if single
            else (out / "digits" / shown["src"]).read_bytes()
        )
        assert Image.open(io.BytesIO(content)).height == 2 * 44
        assert files(written(boards, store, tmp_path / "again", single_file=single)) == files(out)
        frames.write_bytes(b"PK")
        out = written(boards, store, tmp_path / "report", single_file=single)
        text = (out / ("index.html" if single else "digits/gaussian.html")).read_text()
        assert "Over training time" not in text, "damaged ones are left out"
    finally:
        frames.unlink()


def test_a_run_without_frames_has_no_such_section(boards: Path, store: RunStore, tmp_path: Path) -> None:
    out = written(boards, store, tmp_path / "report")
    assert "Over training time" not in "".join(page.text for page in pages(out).values())


def test_the_same_store_gives_the_same_bytes(boards: Path, store: RunStore, tmp_path: Path, files: Files) -> None:
    first = files(written(boards, store, tmp_path / "a"))
    assert files(written(boards, store, tmp_path / "b")) == first
    assert files(written(boards, store, tmp_path / "a")) == first, "over the older one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "leaderboards"], "and nothing is left aside"


def test_one_file_holds_all(boards: Path, store: RunStore, tmp_path: Path, files: Files) -> None:
    whole = written(boards, store, tmp_path / "whole")
    out = written(boards, store, tmp_path / "report", single_file=True)
    assert list(files(out)) == ["index.html"]
    page = Page((out / "index.html").read_text())
    inside = [base64.b64decode(each["src"].removeprefix("data:image/png;base64,")) for each in page.all("img")]
    assert inside == [files(whole)[name] for name in NAMES]
    targets = {each["href"][1:] for each in page.all("a") if each["href"].startswith("#")}
    assert targets <= {attributes.get("id") for _, attributes in page.tags}
    assert "ganzoo train gaussian --data digits --seed 0" in page.text


def test_one_dataset_of_several(boards: Path, store: RunStore, tmp_path: Path) -> None:
    out = written(boards, store, tmp_path / "report", datasets=["ring"])
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "ring", "ring.csv", "ring.json", "runs.csv"]
    with pytest.raises(UnknownName, match=r"Unknown leaderboard in .* 'rings'"):
        written(boards, store, tmp_path / "other", datasets=["rings"])
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("foreign", ["index.html", "notes.txt"])
def test_what_is_no_report_is_left_alone(
    foreign: str, boards: Path, store: RunStore, tmp_path: Path, files: Files
) -> None:
    out = tmp_path / "report"
    out.mkdir()
    (out / foreign).write_text("<html>mine</html>")
    with pytest.raises(UsageError, match="report is there already and is no report of ganzoo's"):
        written(boards, store, out)
    assert files(out) == {foreign: b"<html>mine</html>"}
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is no report"):
        written(boards, store, tmp_path / "file")


def test_an_empty_folder_is_free_and_what_a_kill_left_is_swept(boards: Path, store: RunStore, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / ".report.new").mkdir()
    (tmp_path / ".report.new" / "half").write_text("")
    out = written(boards, store, tmp_path / "report")
    assert (out / "index.html").is_file() and not (out / "half").exists()
    assert not (tmp_path / ".report.new").exists()


def test_a_report_that_cannot_be_made_leaves_the_older_one(
    boards: Path, store: RunStore, tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = written(boards, store, tmp_path / "report")
    before = files(out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(site.gallery, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        written(boards, store, out)
    assert files(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leaderboards", "report"]


def test_nothing_to_report(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere has no leaderboards: there is no runs\.csv"):
        written(tmp_path / "nowhere", store, tmp_path / "report")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "runs.csv").write_text(",".join(COLUMNS) + "\n")
    with pytest.raises(UsageError, match="has no row yet"):
        written(empty, store, tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_log_that_is_damaged_costs_its_curves(boards: Path, store: RunStore, tmp_path: Path) -> None:
    log = seed_0(store).file("log.csv")
    before = log.read_bytes() if log.exists() else None
    try:
        for text in ("step,loss\n1,2\n2,3\n", "step,loss\n1,x\n2,3\n", "step\n", "", "x,y\n1,2\n", "step,a\n1\n"):
            log.write_text(text)
            out = written(boards, store, tmp_path / "report")
            page = Page((out / "digits" / "gaussian.html").read_text())
            curves = [each for each in page.all("g") if each.get("class", "").startswith("line")]
            assert bool(curves) == text.startswith("step,loss"), text
    finally:
        log.unlink() if before is None else log.write_bytes(before)
