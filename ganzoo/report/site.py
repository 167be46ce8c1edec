"""The folder itself: pages and pictures are made aside and take the place of an older report once all is there."""

from __future__ import annotations

import base64
import functools
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo._version import __version__
from ganzoo.errors import StoreError, UsageError
from ganzoo.files import new_folder
from ganzoo.leaderboard import gallery, view
from ganzoo.leaderboard.runs_table import RUNS_FILE
from ganzoo.leaderboard.small_csv import PUBLISHED_FILE
from ganzoo.published import number_rows, page, tables
from ganzoo.report.boards import board_view
from ganzoo.report.drawings import Drawing, drawings, over_time
from ganzoo.report.gathered import Board, Row, gather
from ganzoo.report.live import FOLDER, LiveModel, slugs, write_live
from ganzoo.report.variants import variant_view
from ganzoo.scoring.features import Progress, silent
from ganzoo.training.runs import ONNX

if TYPE_CHECKING:
    from jinja2 import Environment

    from ganzoo.registry import Registry
    from ganzoo.training.runs import RunStore

ASSETS = Path(__file__).with_name("assets")
INDEX = "index.html"
Models = Mapping[tuple[str, str], LiveModel]
MARK = '<meta name="generator" content="ganzoo report">'
"""By which a report is known for one, so that another one may take its place."""


def write_report(
    leaderboards: Path,
    store: RunStore,
    registry: Registry,
    out: Path,
    *,
    datasets: Sequence[str] = (),
    title: str = "ganzoo leaderboards",
    single_file: bool = False,
    live: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write the report and return its first page; the same leaderboards and store give the same bytes.

    ``single_file``: one page with all pictures inside. ``live``: with the generators, which run in the page, and
    with what runs them, which is fetched once. ``progress`` hears how many pages are made. An older report at
    ``out`` is replaced. Raises UsageError for anything else that is there, DataError where nothing can be fetched,
    and what ``gather`` raises.
    """
    if single_file and live:
        raise UsageError("Generators that run in the page are files of their own.", "Leave out single-file or live.")
    _require_ours(out)
    boards = gather(leaderboards, store, registry, datasets)
    fresh = out.with_name(f".{out.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)  # of a process that was killed
    with new_folder(fresh, parents=True) as folder:
        site = _Site(folder, boards, title, single_file, progress, _live_models(boards) if live else {})
        site.write(leaderboards)
    _replace(fresh, out)
    return out / INDEX


def _live_models(boards: Sequence[Board]) -> dict[tuple[str, str], LiveModel]:
    """The first seed of each row whose generator is there, by dataset and variant."""
    found = {}
    for board in boards:
        for row in board.rows:
            if row.made and row.made[0].folder is not None and row.made[0].manifest is not None:
                onnx, classes = row.made[0].folder.file(ONNX), row.made[0].manifest.class_names
                found[board.dataset, row.variant] = LiveModel(row.variant, board.dataset, onnx, classes)
    return found


def _require_ours(out: Path) -> None:
    """Raise UsageError where ``out`` is neither free nor a report."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        ours = MARK in (out / INDEX).read_text("utf-8")[:1000]
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise UsageError(f"{out} is there already and is no report of ganzoo's.", "Name another folder with -o.")


def _replace(fresh: Path, out: Path) -> None:
    """Put the new report where the old one is, which stays until the new one is whole."""
    old = out.with_name(f".{out.name}.old")
    try:
        if out.exists():
            shutil.rmtree(old, ignore_errors=True)
            out.rename(old)
        fresh.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise StoreError(f"Cannot write {out}: {error.strerror or error}.", f"The report is in {fresh}.") from error


class _Site:
    """Writes one report into an empty folder."""

    def __init__(
        self, folder: Path, boards: Sequence[Board], title: str, single: bool, progress: Progress, models: Models
    ) -> None:
        self._folder, self._boards, self._title, self._single = folder, boards, title, single
        self._progress, self._made = progress, 0
        self._models = models
        self._live = dict(zip(models, slugs(list(models.values())), strict=True))
        self._pages = _environment()

    def write(self, leaderboards: Path) -> None:
        """Every file of it, the first page last."""
        if self._models:
            write_live(list(self._models.values()), self._folder)
        views = []
        for board in self._boards:
            pages = {row.variant: self._variant(board, row) for row in board.rows}
            link = functools.partial(self._link, board)
            found = board_view(board, link, self._files(board, leaderboards), self._picture(board))
            for row, each in zip(board.rows, found["rows"], strict=True):
                each |= {"page": pages[row.variant], "anchor": self._anchor(board, row)}
            views.append(found)
        words: dict[str, Any] = {
            "boards": views,
            "title": self._title,
            "inside": self._single,
            "live": bool(self._live),
        }
        words["published"] = self._published(leaderboards)
        self._put(INDEX, self._render("index.html.jinja", **words, script=_asset("board.js")).encode())

    def _published(self, leaderboards: Path) -> dict[str, Any] | None:
        """Ours beside numbers in print, as a page of its own or inside; None where none were reproduced."""
        rows = number_rows.read(leaderboards)
        if not rows:
            return None
        content = (leaderboards / PUBLISHED_FILE).read_bytes()
        shown = page.views(tables.load(), rows)
        words: dict[str, Any] = {"title": page.TITLE, "intro": page.INTRO, "header": page.HEADER, "tables": shown}
        words["file"] = {"name": PUBLISHED_FILE, "href": self._href(PUBLISHED_FILE, content, "text/csv")}
        if not self._single:
            self._put("published.html", self._render("published.html.jinja", page=words, back=INDEX).encode())
        return words

    def _variant(self, board: Board, row: Row) -> dict[str, Any]:
        self._made += 1
        self._progress("pages", self._made, sum(len(each.rows) for each in self._boards))
        slug = self._live.get((board.dataset, row.variant), "")
        found = variant_view(board, row, self._pictures(board, row, drawings(row)))
        found["over_time"] = self._pictures(board, row, over_time(row))
        found["live"] = f"../{FOLDER}/{INDEX}#model={slug}" if slug else ""
        if not self._single:
            text = self._render("variant.html.jinja", page=found, back=f"../{INDEX}#{board.slug}")
            self._put(f"{board.slug}/{row.slug}.html", text.encode())
        return found

    def _link(self, board: Board, row: Row) -> str:
        return f"#{self._anchor(board, row)}" if self._single else f"{board.slug}/{row.slug}.html"

    def _anchor(self, board: Board, row: Row) -> str:
        return f"{board.slug}--{row.slug}"

    def _files(self, board: Board, leaderboards: Path) -> list[dict[str, str]]:
        """The tables to take away, beside the page, or inside of it."""
        texts = {
            f"{board.slug}.csv": view.to_csv(board.shown).encode(),
            f"{board.slug}.json": view.json_bytes(board.shown, board.dataset),
            RUNS_FILE: (leaderboards / RUNS_FILE).read_bytes(),
        }
        kinds = {".csv": "text/csv", ".json": "application/json"}
        return [
            {"name": name, "href": self._href(name, content, kinds[Path(name).suffix])}
            for name, content in texts.items()
        ]

    def _picture(self, board: Board) -> str:
        """The strip of all variants, of those whose generators the store has."""
        first = [(row.variant, row.made[0].folder) for row in board.rows if row.made]
        shown = [(name, folder) for name, folder in first if folder is not None]
        return self._drawn(f"{board.slug}.png", lambda path: gallery.write(shown, path))

    def _pictures(self, board: Board, row: Row, made: Iterable[Drawing]) -> list[dict[str, str]]:
        up, found = "" if self._single else "../", []
        for end, text, write in made:
            href = self._drawn(f"{board.slug}/{row.slug}{end}.png", write)
            found.append({"href": _up(href, up), "text": text})
        return found

    def _drawn(self, name: str, write: Callable[[Path], object]) -> str:
        """Where a picture is that ``write`` makes; "" where it makes none."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        write(path)
        if not path.is_file() or not self._single:
            return name if path.is_file() else ""
        content = path.read_bytes()
        path.unlink()
        if not any(path.parent.iterdir()) and path.parent != self._folder:
            path.parent.rmdir()
        return _inside(content, "image/png")

    def _href(self, name: str, content: bytes, kind: str) -> str:
        if self._single:
            return _inside(content, kind)
        self._put(name, content)
        return name

    def _put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _render(self, template: str, **words: Any) -> str:
        return self._pages.get_template(template).render(**words, style=_asset("style.css"), version=__version__)


def _up(href: str, up: str) -> str:
    return href if href.startswith("data:") else f"{up}{href}"


def _inside(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _asset(name: str) -> Any:
    from markupsafe import Markup

    return Markup((ASSETS / name).read_text("utf-8"))


def _environment() -> Environment:
    import jinja2

    loader = jinja2.FileSystemLoader(ASSETS)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
