from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.errors import StoreError
from ganzoo.leaderboard import board, runs_table
from ganzoo.leaderboard.rows import COLUMNS

ROW = dict.fromkeys(COLUMNS, "") | {"variant": "good", "dataset": "digits", "fid": "1.5", "note": "as is"}
HEADER = ",".join(COLUMNS)
LINE = ",".join(ROW[name] for name in COLUMNS)
WHOLE = f"{HEADER}\n{LINE}\n"
OLDEST = COLUMNS[:36]

DAMAGED = {
    "empty": (b"", "line 1 is empty"),
    "a BOM alone": (b"\xef\xbb\xbf\r\n", "line 1 is empty"),
    "semicolons": (WHOLE.replace(",", ";").encode(), "line 1 is separated by semicolons"),
    "tabs": (WHOLE.replace(",", "\t").encode(), "line 1 is separated by tabs"),
    "renamed": (WHOLE.replace("fid,", "FID,", 1).encode(), "line 1 .* lacks the column 'fid'"),
    "renamed late": (WHOLE.replace(",role,", ",Role,", 1).encode(), "line 1 .* lacks the column 'role'"),
    "moved": (
        WHOLE.replace("variant,backend", "backend,variant", 1).encode(),
        "line 1 .* the column 'backend' is out of its place",
    ),
    "no header": (f"{LINE}\n".encode(), "line 1 .* lacks the column 'variant'"),
    "twice": (f"{HEADER},fid\n{LINE},2\n".encode(), "line 1 has the column 'fid' twice"),
    "extra twice": (f"{HEADER},a,a\n{LINE},1,2\n".encode(), "line 1 has the column 'a' twice"),
    "short row": (f"{WHOLE}good,numpy\n".encode(), "line 3 has 2 cells"),
    "long row": (f"{HEADER}\n{LINE},\n".encode(), f"line 2 has {len(COLUMNS) + 1} cells"),
    "not UTF-8": (WHOLE.encode() + b"\xe9t\xe9,\n", "line 3 has a byte 0xe9"),
    "UTF-16": (WHOLE.encode("utf-16"), "line 1 has a byte 0xff"),
    "NUL first": (b"\0" + WHOLE.encode(), "line 1 has a NUL"),
    "two NUL": ((WHOLE + LINE.replace("as is", "as\0is") + "\n\0").encode(), "line 3 has a NUL"),
    "not UTF-8 at once": (b"\n\n\xe9t\xe9", "line 3 has a byte 0xe9"),
    "NUL after empty lines": (b"\n\n\0", "line 3 has a NUL"),
    "NUL": (WHOLE.replace("as is", "as\0is").encode(), "line 2 has a NUL"),
    "open quote": (f'{WHOLE}"good,{LINE[5:]}\n'.encode(), "line 3 begins a row that is no CSV"),
    "ours": (f"{HEADER}\n<<<<<<< HEAD\n{LINE}\n".encode(), r"line 2 is a conflict marker of a merge \(<<<<<<<\)"),
    "between": (f"{WHOLE}=======\n{LINE}\n".encode(), "line 3 is a conflict marker"),
    "theirs": (f"{WHOLE}>>>>>>> other\n".encode(), "line 3 is a conflict marker"),
    "header in conflict": (f"<<<<<<< HEAD\n{WHOLE}".encode(), "line 1 is a conflict marker"),
}


def put(folder: Path, content: bytes | str) -> Path:
    file = folder / "runs.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_cannot_be_read_is_refused_by_line(kind: str, tmp_path: Path) -> None:
    content, sentence = DAMAGED[kind]
    put(tmp_path, content)
    with pytest.raises(StoreError, match=rf"runs\.csv is no leaderboard: {sentence}") as caught:
        board.read_runs(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_in_the_place_of_the_file_or_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").mkdir()
    with pytest.raises(StoreError, match="Cannot read"):
        runs_table.read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is no folder of leaderboards"):
        runs_table.read(tmp_path / "file")


@pytest.mark.parametrize("count", range(len(OLDEST), len(COLUMNS) + 1))
def test_files_of_older_versions_are_read(count: int, tmp_path: Path) -> None:
    put(tmp_path, "".join(",".join(cells) + "\n" for cells in (COLUMNS[:count], [*ROW.values()][:count])))
    table = runs_table.read(tmp_path)
    assert table.known() == [list(ROW.values())]
    assert table.extended([ROW]).text() == WHOLE, "the row is there already"
    assert table.extended([ROW | {"note": "a later version says more"}]).text() == WHOLE
    assert table.extended([ROW | {"fid": "77"}]).text() != WHOLE


def test_a_header_older_than_any_is_refused(tmp_path: Path) -> None:
    put(tmp_path, ",".join(OLDEST[:-1]) + "\n")
    with pytest.raises(StoreError, match="lacks the column 'note'"):
        runs_table.read(tmp_path)


def test_marks_of_other_programs_are_no_damage(tmp_path: Path) -> None:
    put(tmp_path, b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode() + b"\r\n")
    assert runs_table.read(tmp_path).text() == WHOLE
    put(tmp_path, WHOLE.replace("\n", "\r"))
    assert runs_table.read(tmp_path).text() == WHOLE
    put(tmp_path, f'{HEADER},mine\r\n{LINE},"two\r\nlines"\r\n')
    assert runs_table.read(tmp_path).rows[0][-1] == "two\r\nlines", "in a cell they are no ends of rows"


@pytest.mark.parametrize("place", [0, 3, 36, len(COLUMNS)])
def test_columns_of_the_users_own_stay_in_their_place(place: int, tmp_path: Path) -> None:
    def with_mine(name: str, cells: list[str]) -> str:
        return ",".join([*cells[:place], name, *cells[place:]]) + "\n"

    text = with_mine("mine", COLUMNS) + with_mine("kept", list(ROW.values()))
    put(tmp_path, text)
    new = ROW | {"variant": "new"}
    table = runs_table.read(tmp_path).extended([ROW, new])
    runs_table.write(tmp_path, table)
    assert (tmp_path / "runs.csv").read_text() == text + with_mine("", list(new.values()))
    assert runs_table.read(tmp_path) == table


def test_notes_of_every_kind_come_back(tmp_path: Path) -> None:
    notes = ["two\nlines", "=a formula", "'=", 'a "quote", a comma', "x" * 200_000, "======= not first", "é"]
    rows = [ROW | {"note": note} for note in notes]
    runs_table.write(tmp_path, runs_table.read(tmp_path).extended(rows))
    assert runs_table.read(tmp_path).known() == [list(row.values()) for row in rows]


def test_what_a_rewrite_replaces_is_kept(tmp_path: Path) -> None:
    file, backup = tmp_path / "runs.csv", tmp_path / "runs.csv.bak"
    runs_table.write(tmp_path, runs_table.read(tmp_path).extended([ROW]))
    assert not backup.exists(), "nothing was replaced"
    first = file.read_bytes()
    runs_table.write(tmp_path, runs_table.read(tmp_path).extended([ROW | {"variant": "b"}]))
    assert backup.read_bytes() == first
    runs_table.write(tmp_path, runs_table.read(tmp_path).extended([ROW]))
    assert backup.read_bytes() == first, "the content did not change"
    second = file.read_bytes()
    runs_table.write(tmp_path, runs_table.read(tmp_path).extended([ROW | {"variant": "c"}]))
    assert backup.read_bytes() == second


WRITER = """
import sys, time
from pathlib import Path
from ganzoo.leaderboard import board
from ganzoo.registry import parse
from ganzoo.leaderboard.rows import COLUMNS, Collected
from ganzoo.training.runs import RunStore
folder, name = Path(sys.argv[1]), sys.argv[2]
blank = {column: "" for column in COLUMNS}

def collect(index, quick):
    time.sleep(0.2)  # between reading and writing: without a lock every writer has read by now
    rows = [blank | {"variant": v, "dataset": "digits", "seed": "0", "status": "failed", "role": "model"}
            for v in (name, "all")]
    return Collected(rows, [], [])

board.StoreIndex.collect = collect
(folder / f"ready{name}").touch()
while len(list(folder.glob("ready*"))) < 4:
    time.sleep(0.01)
board.write(RunStore(folder / "runs"), folder / "boards",
            parse('api = 1\\n[datasets.digits]\\nextractor = "digits"\\n', "here"))
"""


def test_writers_who_start_together_lose_no_row(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"v{i}"]) for i in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    assert sorted(board.read_runs(tmp_path / "boards")["variant"]) == ["all", "v0", "v1", "v2", "v3"]


def test_a_table_that_is_not_there_has_had_no_bench(tmp_path: Path) -> None:
    assert runs_table.read(tmp_path).last_bench() == 0
