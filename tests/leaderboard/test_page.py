"""A board as people read it."""

from __future__ import annotations

import pandas as pd
import pytest

from ganzoo.escaping import markdown
from ganzoo.leaderboard import page


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (12.345, 0.678, "12.35 ± 0.68"),
        (12.345, 3.2, "12.3 ± 3.2"),
        (123.4, 45.6, "123 ± 46"),
        (1234.5, 456.7, "1234 ± 457"),
        (1e-7, 1.23e-8, "0.000000 ± 0.000000"),
        (0.0123456, 0.000789, "0.01235 ± 0.00079"),
        (5.0, float("nan"), "5"),
        (0.123456, float("nan"), "0.123"),
        (10.0, 0.0, "10"),
        (10.0, 0.00099, "10"),
        (10.0, 0.0011, "10.0000 ± 0.0011"),
        (0.0, 0.0, "0"),
        (float("nan"), 1.0, ""),
    ],
)
def test_plus_minus(value: float, half: float, text: str) -> None:
    assert page.plus_minus(value, half) == text


def board(extractor: str) -> pd.DataFrame:
    """One model."""
    numbers = dict.fromkeys(page.SHOWN, float("nan")) | {"fid": 1.5, "recall": 0.25}
    halves = {f"{name}_ci": float("nan") for name in numbers}
    about = {"rank": "1", "variant": "dcgan", "backend": "torch", "seeds": 1, "failed": 0, "copies": 0, "role": "model"}
    more = {
        "collapse_rate": 0.0,
        "train_cpu_seconds": float("nan"),
        "rank_to": "1",
        "p_best": float("nan"),
        "best_seed": float("nan"),
        "protocol": "abc",
        "note": "",
        "n_fake": "5000",
    }
    return pd.DataFrame([about | numbers | halves | more | {"extractor": extractor}])


def test_the_extractor_stands_beside_the_numbers() -> None:
    header, rows = page.shown_table(board("digits@2c4d9b60aac2"))
    place = ["best seed", "P(best)", "collapsed", "train CPU s"]
    assert header == ["rank", "variant", "backend", "seeds", "FID ↓", "recall ↑", *place]
    assert rows[0] == ["1", "dcgan", "torch", "1", "1.5", "0.25", "", "", "0%", ""]
    text = page.to_markdown(board("digits@2c4d9b60aac2"), "digits", "fid", False)
    assert "Extractor `digits@2c4d9b60aac2`, protocol `abc`, ranked by fid." in text
    assert page.remarks(board("digits@2c4d9b60aac2"), "2 rows are left out") == ["2 rows are left out."]


def test_the_page_line_by_line() -> None:
    found = board("digits@2c4d9b60aac2")
    header, rows = page.shown_table(found)
    text = page.to_markdown(found, "digits", "fid", False)
    lines = text.split("\n")
    assert lines[:5] == [
        "# digits",
        "",
        "| " + " | ".join(header) + " |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 1 | dcgan | torch | 1 | 1.5 | 0.25 |  |  | 0% |  |",
    ]
    assert rows[0][1] == "dcgan" and lines[5] == ""
    assert lines[6].startswith("Extractor ") and lines[7].startswith("Means over seeds")
    assert lines[8:] == [*page._LEGEND, ""], "one line end, and nothing where there is no picture and no failure"


def test_the_page_of_quick_recipes_with_a_picture_and_a_failure() -> None:
    found = board("digits@2c4d9b60aac2").assign(failed=1, note="killed", protocol="")
    text = page.to_markdown(found, "digits", "fid", True, "digits.png")
    assert text.startswith("# digits (quick recipes: not comparable with full ones)\n\n| rank ")
    assert "protocol `none`, ranked" in text
    picture = "\n\n![Samples 0, 1, 2 … of each variant's first seed](digits.png)"
    assert text.endswith(picture + "\n\nFailures:\n- dcgan: killed\n")


def test_pixels_are_never_a_plain_fid() -> None:
    header, _ = page.shown_table(board("pixels@0123456789ab"))
    assert header[4:6] == ["FID ↓ (pixels)", "recall ↑ (pixels)"]
    (remark,) = page.remarks(board("pixels@0123456789ab"))
    assert remark.startswith("The extractor 'pixels' is means of at most 8×8 blocks")
    assert markdown(remark) in page.to_markdown(board("pixels@0123456789ab"), "faces", "fid", False)


def test_a_board_without_a_scored_run_has_no_extractor() -> None:
    assert page.extractor_of(board("")) == ""
    assert page.remarks(board("")) == []
    assert "Extractor `none`" in page.to_markdown(board(""), "digits", "fid", False)


def test_what_variants_report_is_text_in_a_table_of_its_own() -> None:
    text = page.to_markdown(
        board("digits@2c4d9b60aac2"), "digits", "fid", False, "x.png", own=[["<b>", "a|b", "1", "2"]]
    )
    row = " | ".join(map(markdown, ["<b>", "a|b", "1", "2"]))
    table = f"| variant | number | mean | seeds |\n| --- | --- | --- | --- |\n| {row} |\n"
    assert f"\n\n## Self-reported, not ranked\n\n{table}\n{page.OWN_REMARK}\n\n![Samples" in text


def test_rows_that_are_no_models_stand_in_brackets_and_a_comparator_says_so() -> None:
    named = {"model": "x", "comparator": "(x, comparator)", "floor": "(x)", "ceiling": "(x)"}
    for role, name in named.items():
        _, rows = page.shown_table(board("digits@2c4d9b60aac2").assign(role=role, variant="x", rank="", rank_to=""))
        assert rows[0][:2] == ["–", name]
        assert rows[0][8] == "0%", "all but real samples have seeds that can collapse"
    assert "*comparator*" in "".join(page._LEGEND)


def test_the_real_row_says_of_how_many_samples_it_is() -> None:
    real = board("digits@2c").assign(variant="real", role="real", rank="", n_fake="450")
    _, rows = page.shown_table(pd.concat([board("digits@2c"), real], ignore_index=True))
    assert [row[1] for row in rows] == ["dcgan", "(real, n = 450)"]
    _, rows = page.shown_table(pd.concat([board("digits@2c"), real.assign(n_fake="5000")], ignore_index=True))
    assert rows[1][1] == "(real)"


@pytest.mark.parametrize(
    ("first", "last", "p", "cells"),
    [
        ("1", "1", 0.996, ["1", ">99%"]),
        ("2", "12", 0.404, ["2–12", "40%"]),
        ("9", "10", 0.0, ["9–10", "<1%"]),
        ("", "", float("nan"), ["–", ""]),
    ],
)
def test_a_place_is_a_range_of_ranks(first: str, last: str, p: float, cells: list[str]) -> None:
    header, rows = page.shown_table(board("digits@2c").assign(rank=first, rank_to=last, p_best=p))
    assert [rows[0][0], rows[0][header.index("P(best)")]] == cells


def test_the_best_seed_is_of_several() -> None:
    header, rows = page.shown_table(board("digits@2c").assign(best_seed=0.98765))
    assert rows[0][header.index("best seed")] == ""
    header, rows = page.shown_table(board("digits@2c").assign(best_seed=0.98765, seeds=2))
    assert rows[0][header.index("best seed")] == "0.988"


@pytest.mark.parametrize(
    ("fid", "recall", "marked"),
    [(0.1, 0.3, ["FID ↓ †", "recall ↑ †"]), (2.0, 0.1, ["FID ↓", "recall ↑"]), (1.5, 0.25, ["FID ↓", "recall ↑"])],
)
def test_columns_that_who_repeats_training_samples_wins_are_marked(
    fid: float, recall: float, marked: list[str]
) -> None:
    found = board("digits@2c")
    copied = found.assign(variant="memoriser", role="ceiling", rank="", rank_to="", fid=fid, recall=recall)
    header, _ = page.shown_table(pd.concat([found, copied], ignore_index=True))
    assert header[4:6] == marked
    assert page.shown_table(copied)[0][4:6] == ["FID ↓", "recall ↑"], "ahead of nobody"
    memorised = found.assign(memorised=0.5), copied.assign(memorised=1.0)
    assert "memorised" in page.shown_table(pd.concat(memorised, ignore_index=True))[0], "which no mark is for"
