"""What a card says, and that it says it of nothing else: scores, seeds, limits, where it comes from."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from carded import with_manifest, with_score
from markdown_it import MarkdownIt
from nasty import NASTY

import ganzoo
from ganzoo.cards.page import card, page_of
from ganzoo.cards.record import Record, read_record
from ganzoo.diagnosis.verdicts import Advice, Verdict
from ganzoo.escaping import one_line
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json, write_json
from ganzoo.training.runs import PICTURE, REAL, SCORE, RunFolder
from ganzoo.types import About, DataSpec, Estimate, Facts, SelfReported
from ganzoo.verify import command_of, scoring_command_of

PAGE = MarkdownIt("gfm-like", {"linkify": False, "html": True}).enable("table")


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level."""
    found = re.search(rf"^## {title}\n\n(.*?)(?=^## |^<!-- |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, text
    return found[1]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables of a text, by their first cell."""
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")
    ]
    return {row[0]: row[1:] for row in cells}


def rescored(run: RunFolder, **changes: Any) -> None:
    score = read_json(run.file(SCORE), Score)
    write_json(run.file(SCORE), msgspec.structs.replace(score, **changes))


def test_every_section_is_there_in_the_order_of_reading(record: Record) -> None:
    assert re.findall(r"^#+ (.*)$", page_of(record), re.MULTILINE) == [
        *("gaussian on digits", "How to sample", "Scores", "Seeds", "Limits", "Model", "Data", "Options"),
        *("Where it comes from", "Licence"),
    ]


def test_a_card_says_what_the_diagnosis_says(record: Record) -> None:
    advice = Advice(text="none")
    found = replace(
        record, verdicts=(Verdict(failure="oscillation", sure="likely", evidence=("".join(NASTY),), advice=advice),)
    )
    (line,) = [line for line in section(page_of(found), "Limits").splitlines() if "Diagnosis" in line]
    assert line.startswith("- **Diagnosis: oscillation (likely).** ")
    assert "<" not in line.replace("\\<", "").replace("&lt;", "")
    assert "Diagnosis" not in page_of(replace(record, verdicts=()))


def test_the_same_store_gives_the_same_bytes_wherever_it_lies(runs: list[RunFolder], scored_root: Path) -> None:
    first = card(runs[0].path)
    assert first == card(str(runs[0].path)) == ganzoo.card(runs[0].path)
    assert first == card(scored_root / runs[0].path.relative_to(runs[0].path.parents[2]))
    assert str(runs[0].path.parents[3]) not in first


def test_scores_with_errors_n_and_what_real_samples_score(record: Record) -> None:
    assert record.score is not None
    text = section(page_of(record), "Scores")
    fid = record.score.estimates["fid"]
    assert rows(text)["metric"] == ["value", "standard error", "n", "real samples (n = 450)"]
    assert rows(text)["FID ↓"] == [f"{fid.value:.6g}", f"{fid.se:.2g}", "200", "0.25"]
    assert rows(text)["memorised"][3] == ""
    assert "memorised_heldout" not in text
    protocol = record.score.protocol
    assert f"200 samples (seed 0) against {protocol.n_real} of digits (split train, digest `238c8015e5c8`)" in text
    assert f"extractor `digits@{protocol.extractor_sha256[:12]}` (8-bit grid)." in text
    assert f"Protocol `{record.score.protocol_hash}`" in text
    without = section(page_of(replace(record, real=None)), "Scores")
    assert rows(without)["FID ↓"] == [f"{fid.value:.6g}", f"{fid.se:.2g}", "200"]


def test_the_extractor_that_is_none_stands_in_the_name(record: Record) -> None:
    assert record.score is not None
    pixels = msgspec.structs.replace(record.score.protocol, extractor="pixels", profile="pytorch-fid")
    text = section(page_of(with_score(record, protocol=pixels)), "Scores")
    assert "FID ↓ (fid_pixels)" in rows(text)
    assert "by the rules of pytorch-fid" in text


def test_a_run_without_score_says_how_to_come_by_one(runs: list[RunFolder]) -> None:
    runs[0].file(SCORE).unlink()
    text = card(runs[0].path)
    command = scoring_command_of(runs[0].manifest())
    assert command == "ganzoo bench gaussian --data digits --seeds 0 --set rank=64"
    assert f"```sh\n{command}\n```" in section(text, "Scores")
    assert section(text, "Limits").count("Not measured.") == 2
    assert rows(section(text, "Seeds"))["0 (this card)"][1] == "not scored"
    assert rows(section(text, "Seeds"))["1"][2] != ""


def test_the_score_of_another_generator_is_none_of_this_run(runs: list[RunFolder]) -> None:
    rescored(runs[0], sampled_sha256="0" * 64)
    assert "has no score yet" in card(runs[0].path)


def test_self_reported_numbers_stand_apart(record: Record) -> None:
    own = SelfReported(name="ssl_error", direction="down", help="wrong | of held-out", value=0.125, se=0.03125, n=450)
    for each in (record, replace(record, score=None)):
        text = page_of(with_manifest(each, reported=(own,)))
        assert "Measured by the variant itself" in section(text, "Scores")
        assert rows(text)["ssl_error"] == ["0.125", "0.031", "450", "down", "wrong &#124; of held-out"]
        assert "ssl_error" not in text.partition("\n---\n")[0]


def test_the_other_seeds_of_the_same_work(runs: list[RunFolder]) -> None:
    text = section(card(runs[0].path), "Seeds")
    assert "This is seed 0, one of 2 of the same work" in text
    assert list(rows(text))[-2:] == ["0 (this card)", "1"]
    assert rows(text)["0 (this card)"][:2] == [runs[0].path.name, "finished"]
    assert rows(text)["1"][:2] == [runs[1].path.name, "the same generator as seed 0"]
    fid = read_json(runs[1].file(SCORE), Score).estimates["fid"]
    assert rows(text)["seed"][2] == "FID ↓"
    assert rows(text)["1"][2] == f"{fid.value:.4g} ± {fid.se:.1g}"
    assert rows(section(card(runs[1].path), "Seeds"))["1 (this card)"][1] == "the same generator as seed 0"


def test_seeds_that_failed_or_have_another_protocol_are_said(runs: list[RunFolder]) -> None:
    manifest = runs[1].manifest()
    runs[1].write_manifest(msgspec.structs.replace(manifest, content_hash="other"))
    rescored(runs[1], protocol_hash="123456789abc")
    text = section(card(runs[0].path), "Seeds")
    assert rows(text)["1"][1:] == ["scored under another protocol", "", "", "", ""]
    runs[1].write_manifest(msgspec.structs.replace(manifest, status="diverged", content_hash=""))
    assert rows(section(card(runs[0].path), "Seeds"))["1"][1] == "diverged"


@pytest.mark.parametrize(
    "change",
    [{"options": {"rank": 2}}, {"quick": True}, {"version": "9"}, {"dataset_digest": "x"}, {"seed": 0}],
    ids=str,
)
def test_runs_of_other_work_are_no_seeds_of_this_one(change: dict[str, Any], runs: list[RunFolder]) -> None:
    runs[1].write_manifest(msgspec.structs.replace(runs[1].manifest(), **change))
    text = section(card(runs[0].path), "Seeds")
    assert "Seed 0 is the only one of this work" in text
    assert runs[1].path.name not in text


def test_what_is_damaged_beside_the_run_is_left_out_and_said(runs: list[RunFolder]) -> None:
    (real,) = runs[0].path.parents[1].glob(f"{REAL}/*/{SCORE}")
    real.write_text("{")
    runs[1].file("run.json").write_text("{")
    found = read_record(runs[0].path)
    assert (found.real, found.seeds) == (None, ())
    assert [str(runs[1].file("run.json")) in found.left_out[0], str(real) in found.left_out[1]] == [True, True]


@pytest.mark.parametrize(
    ("modes", "classes", "said"),
    [
        (4.0, 10, "It finds 4 of 10 modes: it has collapsed."),
        (5.0, 10, "It finds 5 of 10 modes: the others are missing"),
        (10.0, 10, "It finds 10 of 10 modes. That says nothing of how varied"),
        (7.0, 0, "It finds 7 of 10 modes: the others"),
        (25.0, 25, "It finds 25 of 25 modes."),
    ],
)
def test_collapse(modes: float, classes: int, said: str, record: Record) -> None:
    data = DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=classes)
    changed = with_manifest(with_score(record, estimates={"modes": Estimate(modes, 0.1, 200)}), data=data)
    assert f"**Collapse.** {said}" in section(page_of(changed), "Limits")


@pytest.mark.parametrize(
    ("share", "heldout", "said"),
    [
        (
            Estimate(0.5, 0.03),
            Estimate(0.41, 0.03),
            "50.0 ± 3.0 % of the samples are nearer .* That is more than chance",
        ),
        (
            Estimate(0.5, 0.03),
            Estimate(0.42, 0.03),
            "of held-out real samples it is 42.0 ± 3.0 %. The difference may be",
        ),
        (Estimate(0.3, 0.03), Estimate(0.42, 0.03), "That is less: its samples lie further"),
        (Estimate(1.0, None), Estimate(0.4, 0.02), "100 % of the samples .* That is more than chance: it repeats"),
        (Estimate(0.5, 0.03), None, "What is usual is not known, as there are no held-out samples."),
        (None, Estimate(0.4, 0.02), "Not measured."),
    ],
)
def test_memorisation(share: Estimate | None, heldout: Estimate | None, said: str, record: Record) -> None:
    given = {"memorised": share, "memorised_heldout": heldout, "fid": Estimate(1.0)}
    changed = with_score(record, estimates={name: e for name, e in given.items() if e is not None})
    (line,) = [x for x in section(page_of(changed), "Limits").splitlines() if x.startswith("- **Memorisation.**")]
    assert re.search(said, line), line


def test_cautions_of_the_score_and_of_the_run(record: Record) -> None:
    noted = with_score(record, notes=("fid: 20 samples for 64 features", "only <b>few</b>"))
    text = section(page_of(with_manifest(noted, quick=True, role="model", note="left out: gap")), "Limits")
    assert "- **Caution:** fid: 20 samples for 64 features.\n" in text
    assert "- **Caution:** only &lt;b&gt;few&lt;/b&gt;.\n" in text
    assert "- **Quick run.**" in text
    assert "- **Note of the run:** left out: gap.\n" in text
    assert "**Role.**" not in text
    plain = section(page_of(with_score(record, notes=())), "Limits")
    assert "**Quick run.**" not in plain
    assert "**Caution:**" not in plain
    assert "- **Role.** A floor" in plain


def test_what_the_variant_and_the_data_are(gaussian: RunFolder, record: Record) -> None:
    about = gaussian.manifest().about
    assert about is not None
    assert (about.rows, about.notes, about.paper) == (1347, (), "none: a baseline")
    facts = Facts(loss="hinge", optimiser="Adam", update_order="D, then G")
    told = About(summary="a GAN", paper="Doe 2020", facts=facts, rows=12345, notes=("3 files were not read",))
    text = page_of(with_manifest(record, about=told, class_names=tuple("abcdefghij"), option_files={"rank": "f" * 64}))
    assert "\nA GAN.\nTrained with ganzoo on digits" in text
    assert rows(text)["paper"] == ["Doe 2020"]
    assert rows(text)["update order"] == ["D, then G"]
    assert rows(text)["training samples"] == ["12,345"]
    assert rows(text)["note"] == ["3 files were not read"]
    assert rows(text)["classes"] == ["10, from 0 on: a, b, c, d, e, f, g, h, i, j"]
    assert rows(text)["rank"] == ["64"]
    assert rows(text)["rank, sha256"] == ["f" * 64]


def test_a_run_of_an_older_version_has_a_card_all_the_same(record: Record) -> None:
    old = with_manifest(record, about=None, train_cpu_seconds=None, parity=None)
    assert "which kept no words on its variant: 'ganzoo info gaussian' has them" in page_of(old)


def test_where_it_comes_from(record: Record) -> None:
    manifest = record.manifest
    text = section(page_of(record), "Where it comes from")
    assert rows(text)["sha256 of generator.onnx"] == [manifest.onnx_sha256]
    assert rows(text)["trained by"] == [f"ganzoo-baselines {manifest.version}, ganzoo {manifest.ganzoo_version}"]
    assert f"numpy {manifest.environment['numpy']}" in rows(text)["installed"][0]
    assert rows(text)["training"][0].startswith("1 step, ")
    assert f"```sh\n{command_of(manifest)}\n```" in text


def test_the_picture_is_shown_where_there_is_one(record: Record) -> None:
    assert f"![Samples]({PICTURE})" in page_of(record)
    without = with_manifest(record, files={"generator.onnx": record.manifest.onnx_sha256})
    assert PICTURE not in page_of(without)


def test_a_copy_of_a_run_elsewhere_has_a_card(gaussian: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(gaussian.path, tmp_path / "mine")
    assert "# gaussian on digits" in card(tmp_path / "mine")


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_text_from_outside_is_text(text: str, record: Record) -> None:
    told = About(summary=text, paper=text, facts=Facts(loss=text, optimiser="", update_order=""), rows=1, notes=(text,))
    odd = with_manifest(
        record,
        about=told,
        variant=text,
        dataset=text,
        backend=text,
        note=text,
        options={"o": text},
        data_reference=text,
    )
    body = page_of(with_score(odd, notes=(text,))).split("\n---\n", 1)[1]
    tokens = [child for token in PAGE.parse(body) for child in (token, *(token.children or ()))]
    assert not {"html_block", "html_inline", "link_open", "hr"} & {token.type for token in tokens}
    assert [token.attrs["src"] for token in tokens if token.type == "image"] == [PICTURE]
    headings = [token for token in tokens if token.type == "heading_open"]
    assert len(headings) == 10
    shown = [token.content for token in tokens if token.type == "text"]
    if one_line(text).strip():
        assert sum(one_line(text).strip() in each for each in shown) >= 3
