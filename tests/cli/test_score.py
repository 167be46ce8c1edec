"""Scoring anything against anything, differences with their errors, statistics that add up."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ganzoo.cli import score_view
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.training.runs import RunFolder
from ganzoo.types import ClassScore, Estimate

Refused = Callable[..., str]
CPU = ("--device", "cpu")


def table(text: str) -> dict[str, list[str]]:
    """The rows of the first table, by their first cell."""
    return {cells[0]: cells[1:] for line in text.split("\n\n", 1)[0].splitlines() if (cells := line.split())}


@pytest.fixture
def files(run: Any, gaussian: RunFolder, tmp_path: Path) -> Path:
    """``fake.npz``, the same images as folder ``fake``, statistics of both, all of the gaussian."""
    assert run("sample", gaussian.path, "-n", 200, *CPU, "-o", "fake.npz").exit_code == 0
    (tmp_path / "fake").mkdir()
    with np.load(tmp_path / "fake.npz") as arrays:
        for i, image in enumerate(arrays["x"]):
            Image.fromarray(image[0]).save(tmp_path / "fake" / f"{i:03}.png")
    result = run("stats", "fake.npz", "-o", "fake-stats.npz", "--extractor", "digits", *CPU)
    assert result.output == "200 samples, 64 features of 'digits' in fake-stats.npz\n"
    return tmp_path


def test_two_sources_of_the_same_samples_have_no_distance(run: Any, files: Path) -> None:
    result = run("score", "fake", "fake.npz", "--extractor", "digits", *CPU)
    assert result.exit_code == 0, result.output
    found = table(result.stdout)
    assert float(found["fid"][0]) == pytest.approx(0, abs=1e-6)
    assert float(found["precision"][0]) == 1
    assert "200 samples against 200 of fake.npz (all), extractor digits" in result.stdout


@pytest.mark.parametrize("candidate", ["RUN", "fake", "fake.npz", "fake-stats.npz"])
@pytest.mark.parametrize("reference", ["RUN", "fake", "fake.npz", "fake-stats.npz"])
def test_every_pair_of_sources(candidate: str, reference: str, run: Any, files: Path, memoriser: RunFolder) -> None:
    paths = [memoriser.path if name == "RUN" else name for name in (candidate, reference)]
    result = run("score", *paths, "-n", 200, "--extractor", "digits", "--metrics", "fid", *CPU)
    assert result.exit_code == 0, result.output
    value = float(table(result.stdout)["fid"][0])
    assert (value > 1) == (candidate != reference and "RUN" in (candidate, reference))


def test_the_extractor_of_statistics_is_taken(run: Any, files: Path) -> None:
    assert "extractor digits" in run("score", "fake.npz", "fake-stats.npz", *CPU).stdout
    assert "extractor pixels" in run("score", "fake.npz", "fake", *CPU).stdout


def test_statistics_of_another_extractor(refused: Refused, files: Path) -> None:
    line = refused(1, "score", "fake.npz", "fake-stats.npz", "--extractor", "pixels", *CPU)
    assert "fake-stats.npz holds statistics of the extractor 'digits'" in line


def test_statistics_of_another_tool(run: Any, files: Path) -> None:
    with np.load(files / "fake-stats.npz") as arrays:
        np.savez(files / "theirs.npz", mu=arrays["mu"], sigma=arrays["sigma"])
    result = run("score", "theirs.npz", "fake.npz", "--extractor", "digits", *CPU)
    assert table(result.stdout)["fid"][1:] == ["0"], "neither error nor n is known"
    assert "theirs.npz does not say how many samples it was made of" in result.stderr


def test_sums_of_shards_are_the_sums_of_the_whole(run: Any, files: Path) -> None:
    with np.load(files / "fake.npz") as arrays:
        np.savez(files / "a.npz", x=arrays["x"][:80])
        np.savez(files / "b.npz", x=arrays["x"][80:])
    for name in "ab":
        run("stats", f"{name}.npz", "--extractor", "digits", "-o", f"{name}-stats.npz", *CPU)
    assert run("stats", "a-stats.npz", "b-stats.npz", "-o", "both.npz", *CPU).output.startswith("200 samples")
    with np.load(files / "both.npz") as both, np.load(files / "fake-stats.npz") as whole:
        np.testing.assert_allclose(both["mu"], whole["mu"], atol=1e-12)
        np.testing.assert_allclose(both["sigma"], whole["sigma"], atol=1e-12)
        assert both["n"] == 200
    assert run("score", "both.npz", "fake-stats.npz").exit_code == 0, "the merged file knows its extractor"


def test_statistics_are_written_as_npz(refused: Refused, files: Path) -> None:
    assert "Statistics are written as .npz, not as 'x.csv'" in refused(2, "stats", "fake.npz", "-o", "x.csv")
    assert not (files / "x.csv").exists()


def test_metrics_can_be_chosen(run: Any, files: Path) -> None:
    result = run("score", "fake.npz", "--metrics", "vendi,precision", *CPU)
    assert set(table(result.stdout)) == {"metric", "vendi", "precision"}
    assert "Note: vendi: grows with n; 200 samples do not compare with 2048." in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--metrics", "fidd"], "Unknown metric 'fidd'. Did you mean 'fid'?"),
        (["--profile", "torch-fidelty"], "Unknown profile 'torch-fidelty'. Did you mean 'torch-fidelity'?"),
        (["--extractor", "digit"], "Unknown extractor 'digit'. Did you mean 'digits'?"),
        (["--until", "fid"], "--until 'fid' is not COLUMN_se=X."),
        (["--until", "fid_se=-1"], "--until 'fid_se=-1' is not COLUMN_se=X."),
        (["--until", "fid_se=0.1"], "--until draws more samples, but fake.npz is no generator."),
        (["--latent", "normal"], "is no ONNX file: --latent"),
        (["fake", "--data", "digits"], "Both the reference fake and the dataset 'digits' were named."),
    ],
)
def test_a_wrong_request(words: list[str], sentence: str, refused: Refused, files: Path) -> None:
    assert sentence in refused(2, "score", "fake.npz", *words, *CPU)


def test_a_metric_that_lacks_something_is_said(run: Any, files: Path) -> None:
    result = run("score", "fake.npz", "--metrics", "fid,cas", *CPU)
    assert "Note: cas: left out, as it needs samples of classes that were asked for." in result.stderr


def test_what_is_done_to_images_is_recorded(run: Any, files: Path) -> None:
    for source, words in (("fake", "transparency on white"), ("fake.npz", "8-bit grid")):
        result = run("score", source, "--metrics", "fid", "--json", *CPU)
        assert words in msgspec.json.decode(result.stdout)["policy"]


def test_nothing_to_score_by_is_an_error(refused: Refused, files: Path) -> None:
    line = refused(1, "score", "fake.npz", "--metrics", "cas", *CPU)
    assert "'cas' was asked for, but it needs samples of classes that were asked for." in line


def test_a_reference_of_one_sample(run: Any, refused: Refused, files: Path) -> None:
    with np.load(files / "fake.npz") as arrays:
        np.savez(files / "one.npz", x=arrays["x"][:1])
        np.savez(files / "two.npz", x=arrays["x"][:2])
        np.savez(files / "data.npz", x=arrays["x"][:1], x_test=arrays["x"])
    sentence = "The reference one.npz has 1 sample; a score needs at least 2 to compare with."
    assert refused(1, "score", "fake.npz", "one.npz", *CPU) == f"Error: {sentence}"
    assert "training split has 1 sample" in refused(1, "score", "fake.npz", "--data", "npz:data.npz", *CPU)
    assert run("score", "fake.npz", "two.npz", "--metrics", "fid", *CPU).exit_code == 0


def test_features_of_different_widths(refused: Refused, files: Path) -> None:
    for width in (6, 7):
        np.savez(files / f"f{width}.npz", features=np.random.default_rng(0).normal(size=(90, width)))
    assert "The samples have 6 features, but f7.npz has 7." in refused(1, "score", "f6.npz", "f7.npz")
    assert "The samples have 6 features, but digits has 64." in refused(1, "score", "f6.npz", "--data", "digits", *CPU)


def test_total_errors_are_shown_where_asked_for(run: Any, gaussian: RunFolder) -> None:
    words = ("score", gaussian.path, "-n", 300, "--metrics", "fid,is,recall", *CPU)
    assert "total error" not in run(*words).stdout
    result = run(*words, "--total")
    assert result.stdout.splitlines()[0].split("  ")[0] == "metric" and "total error" in result.stdout.splitlines()[0]
    found = table(result.stdout)
    for name in ("fid", "is", "recall"):
        _, se, total, n = found[name]
        assert float(total) > float(se) if name == "fid" else float(total) >= float(se), name
        assert n == "300"
    estimates = msgspec.json.decode(run(*words, "--total", "--json").stdout)["estimates"]
    assert estimates["fid"]["total"] > estimates["fid"]["se"]
    assert msgspec.json.decode(run(*words, "--json").stdout)["estimates"]["fid"]["total"] is None


def test_pixels_are_never_called_a_fid(run: Any, files: Path) -> None:
    result = run("score", "fake.npz", "fake", "--extractor", "pixels", *CPU)
    assert "fid_pixels" in table(result.stdout) and "fid" not in table(result.stdout)
    assert result.stderr.splitlines()[0].startswith("Note: the extractor 'pixels' is means of at most 8×8 blocks")
    compared = run("compare", "fake.npz", "fake", "digits", "--extractor", "pixels", *CPU)
    assert "fid_pixels" in table(compared.stdout) and "extractor pixels, protocol" in compared.stdout
    assert "the extractor 'pixels' is means" in compared.stderr


@pytest.mark.usefixtures("natural_images")
def test_images_of_ones_own_are_scored_by_a_network(run: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (120, 3, 8, 8)).astype(np.uint8)
    np.savez(tmp_path / "one.npz", x=x[:60])
    np.savez(tmp_path / "two.npz", x=x[60:])
    result = run("score", "one.npz", "two.npz", "--metrics", "fid", *CPU)
    assert result.exit_code == 0, result.output
    assert "extractor natural" in result.stdout
    assert "fid" in table(result.stdout) and "pixels" not in result.output


def test_csv_has_a_row_per_metric(run: Any, gaussian: RunFolder) -> None:
    result = run("score", gaussian.path, "-n", 100, "--metrics", "fid,kid", "--format", "csv", *CPU)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["metric"] for row in rows] == ["fid", "fid_unbiased", "kid"]
    assert all(float(row["se"]) > 0 and row["n"] == "100" and row["reference"] == "digits" for row in rows)


def test_until_the_error_is_small(run: Any, gaussian: RunFolder) -> None:
    words = ("score", gaussian.path, "--metrics", "fid", *CPU)
    result = run(*words, "--until", "fid_se=0.25")
    value, error, n = (float(cell) for cell in table(result.stdout)["fid"])
    assert error <= 0.25
    assert 1000 < n < 20000
    assert f"stopped at {n:.0f} samples" in result.stderr
    plain = run(*words, "-n", int(n))
    assert table(plain.stdout)["fid"][0] == table(result.stdout)["fid"][0]
    short = run(*words, "--until", "fid_se=0.01", "-n", 1500)
    assert "1500 samples were not enough" in short.stderr
    assert value > 1


def test_until_in_one_pass(run: Any, gaussian: RunFolder) -> None:
    result = run("score", gaussian.path, "--profile", "one-pass", "--until", "fid_se=0.25", *CPU)
    value, error, n = (float(cell) for cell in table(result.stdout)["fid"])
    assert error <= 0.25
    plain = run("score", gaussian.path, "--metrics", "fid", "-n", int(n), *CPU)
    assert float(table(plain.stdout)["fid"][0]) == pytest.approx(value, rel=1e-5), "only rounded when printed"


def test_another_tools_protocol(run: Any, gaussian: RunFolder) -> None:
    words = ("score", gaussian.path, "--extractor", "digits", "-n", 1500, *CPU)
    ours, theirs = run(*words), run(*words, "--profile", "torch-fidelity")
    assert "as torch-fidelity does" in theirs.stdout
    assert float(table(theirs.stdout)["fid"][0]) == pytest.approx(float(table(ours.stdout)["fid"][0]), rel=1e-5)
    hashes = [result.stdout.split("protocol ")[-1] for result in (ours, theirs)]
    assert hashes[0] != hashes[1]


def test_a_tools_protocol_wants_inception(refused: Refused, gaussian: RunFolder) -> None:
    line = refused(1, "score", gaussian.path, "--profile", "pytorch-fid", "-n", 100, *CPU)
    assert "ganzoo extractor import inception" in line


def test_classes_one_by_one(run: Any, labelled: RunFolder) -> None:
    words = ("score", labelled.path, "-n", 400, "--metrics", "fid", "--by-class", *CPU)
    result = run(*words)
    classes = table(result.stdout.split("\n\n", 1)[1])
    assert set(classes) == {"class", *map(str, range(10))}
    content = msgspec.json.decode(run(*words, "--json").stdout)
    assert sum(each["n_fake"] for each in content["classes"]) == 400
    assert "fid[3]" in run(*words, "--format", "csv").stdout


def test_classes_are_shown_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    fid = Estimate(1.5, 0.1, 40)
    classes = [ClassScore(label=0, name="cat", n_fake=40, n_real=40, fid=fid)]
    protocol = Protocol(
        dataset="pets",
        dataset_digest="0",
        split="train",
        n_real=40,
        n_fake=40,
        extractor="pixels",
        extractor_sha256="0",
        metrics={"fid": 1},
        seed=0,
    )
    score = Score(protocol=protocol, protocol_hash="ab", estimates={"fid": fid})
    for form, shown in (("table", "\ncat    40"), ("csv", ",fid[cat],1.5,"), ("json", '"name": "cat"')):
        score_view.show(score, classes, form, "x")
        assert shown in capsys.readouterr().out


def test_the_worst_copies_are_drawn(run: Any, memoriser: RunFolder, tmp_path: Path) -> None:
    result = run("score", memoriser.path, "-n", 100, "--metrics", "memorised", "--copies", "copies.png", *CPU)
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "copies.png") as picture:
        assert min(picture.size) > 100


def test_the_most_and_the_least_realistic_samples_are_drawn(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    words = ("score", gaussian.path, "-n", 100, "--metrics", "realism", "--realism", "realism.png", *CPU)
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "realism  realism.png" in result.stderr
    assert 0.1 < float(table(result.stdout)["realism"][0]) < 1
    with Image.open(tmp_path / "realism.png") as picture:
        assert min(picture.size) > 300


def test_the_realism_of_every_sample_is_listed_by_its_name(run: Any, files: Path) -> None:
    result = run("score", "fake", "--extractor", "digits", "--metrics", "realism", "--realism", "r.csv", *CPU)
    assert result.exit_code == 0, result.output
    header, *rows = [line.split(",") for line in (files / "r.csv").read_text().splitlines()]
    assert header == ["sample", "realism"]
    assert {name for name, _ in rows} == {path.name for path in (files / "fake").iterdir()}
    values = [float(value) for _, value in rows]
    assert values == sorted(values, reverse=True)
    shown = float(table(result.stdout)["realism"][0])
    assert min(values) < shown < max(values)


def test_a_file_of_realism_is_a_picture_or_a_table(refused: Refused, files: Path) -> None:
    line = refused(2, "score", "fake.npz", "--realism", "r.txt", *CPU)
    assert "--realism writes .png or .csv, not 'r.txt'." in line


def test_copies_of_several_sizes_are_refused_before_the_score(
    refused: Refused, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.scoring.stored.FolderSource.extract", None)  # nothing is looked at
    Image.new("L", (9, 9)).save(files / "fake" / "x.png")
    words = ("--extractor", "pixels", "--copies", "x.png", *CPU)
    for pair in (("fake", "fake.npz"), ("fake.npz", "fake")):
        line = refused(1, "score", *pair, *words)
        assert (
            "Copies are shown in pairs of one size, but fake has images of several sizes. Write 'folder:fake?si" in line
        )
    line = refused(1, "score", "fake", "fake.npz", "--extractor", "pixels", "--realism", "x.png", *CPU)
    assert "Samples are shown side by side at one size, but fake has images of several sizes. Write 'folder:fa" in line
    line = refused(1, "score", "fake.npz", "fake?size=16", *words)
    assert "The samples are 1×8×8, but fake?size=16&fit=crop is 1×16×16." in line


def test_statistics_have_no_copies(refused: Refused, files: Path) -> None:
    line = refused(1, "score", "fake.npz", "fake-stats.npz", "--copies", "x.png", *CPU)
    assert "fake-stats.npz holds no samples to be copied from" in line
    assert not (files / "x.png").exists()


def test_compare_says_which_is_better(run: Any, gaussian: RunFolder, memoriser: RunFolder) -> None:
    words = ("compare", gaussian.path, memoriser.path, "-n", 300, *CPU)
    result = run(*words)
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.stdout.split("\n\n", 1)[0].splitlines()}
    assert lines["fid"].endswith("B is better")
    assert lines["memorised"].endswith("A is better")
    found = {each["column"]: each for each in msgspec.json.decode(run(*words, "--json").stdout)["differences"]}
    assert found["fid"]["gap"]["value"] == pytest.approx(found["fid"]["first"] - found["fid"]["second"])
    assert found["fid"]["p"] < 1e-3


def test_a_model_does_not_differ_from_itself(run: Any, gaussian: RunFolder) -> None:
    result = run("compare", gaussian.path, gaussian.path, "-n", 200, "--metrics", "fid,kid,precision", "--json", *CPU)
    for each in msgspec.json.decode(result.stdout)["differences"]:
        assert (each["gap"]["value"], each["gap"]["se"], each["p"]) == (0, 0, 1)
        assert each["verdict"] == "no difference"


def test_compare_against_a_source(run: Any, files: Path, gaussian: RunFolder, memoriser: RunFolder) -> None:
    words = ("compare", gaussian.path, memoriser.path, "fake.npz", "--metrics", "fid", "--extractor", "digits")
    result = run(*words, *CPU)
    assert result.stdout.splitlines()[1].endswith("A is better"), "the reference is the gaussian's own samples"


def test_a_foreign_generator_is_scored_by_its_flags(
    run: Any, refused: Refused, gaussian: RunFolder, tmp_path: Path
) -> None:
    """Without its metadata, ganzoo's own generator is a foreign one; read right, it has the same score."""
    import onnx

    model = onnx.load(gaussian.file("generator.onnx"))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "theirs.onnx")
    assert "--latent" in refused(1, "score", "theirs.onnx", "--data", "digits", *CPU)
    words = ("--data", "digits", "-n", 200, "--metrics", "fid", *CPU)
    result = run("score", "theirs.onnx", "--latent", "normal", "--range", "-1,1", *words)
    assert result.exit_code == 0, result.output
    assert "theirs.onnx: its images (1, 8, 8) are read as NCHW" in result.stderr
    assert table(result.stdout) == table(run("score", gaussian.path, *words).stdout)


def test_every_command_says_which_of_several_arrays_it_uses(run: Any, files: Path) -> None:
    with np.load(files / "fake.npz") as arrays:
        np.savez(files / "adm.npz", arr_0=arrays["x"], mu=np.zeros(64), sigma=np.eye(64))
    sentence = "adm.npz holds samples (arr_0) and statistics (mu, sigma): the samples are used"
    digits = ("--extractor", "digits", *CPU)
    for words in (
        ("score", "adm.npz", "fake.npz", *digits),
        ("score", "fake.npz", "adm.npz", *digits),
        ("compare", "fake.npz", "adm.npz", "fake", *digits),
        ("compare", "fake.npz", "fake", "adm.npz", *digits),
        ("stats", "adm.npz", "-o", "s.npz", *digits),
        ("score", "fake.npz", "--data", "npz:adm.npz", *digits),
        ("train", "gaussian", "--data", "npz:adm.npz", "--no-score"),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output
        assert result.stderr.count(sentence) == 1, words
    assert float(table(run("score", "adm.npz", "fake.npz", *digits).stdout)["fid"][0]) == pytest.approx(0, abs=1e-6)


@pytest.fixture
def forms(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same samples in every form that data have."""
    monkeypatch.setenv("HOME", str(files))
    with np.load(files / "fake.npz") as arrays:
        np.save(files / "one.npy", arrays["x"])
        (files / "A.NPZ").write_bytes((files / "fake.npz").read_bytes())
    return files


FORMS = (
    "fake",
    "folder:fake",
    "folder:~/fake",
    "~/fake",
    "npz:fake.npz",
    "npz:~/fake.npz",
    "A.NPZ",
    "npz:A.NPZ",
    "one.npy",
    "fake?size=8",  # what they have
    "folder:~/fake?FIT=pad&SIZE=8x8",
)


@pytest.mark.parametrize("form", FORMS)
def test_every_command_reads_every_form_of_data_alike(form: str, run: Any, forms: Path) -> None:
    digits = ("--extractor", "digits", *CPU)
    wanted = table(run("score", "fake.npz", "--data", "digits", "--metrics", "fid", *digits).stdout)["fid"]
    found = run("score", form, "--data", "digits", "--metrics", "fid", *digits)
    assert table(found.stdout)["fid"] == wanted, found.output
    reference = run("score", "fake.npz", form, "--metrics", "fid", *digits)
    assert float(table(reference.stdout)["fid"][0]) == pytest.approx(0, abs=1e-6), reference.output
    for words in (
        ("compare", form, "fake.npz", "--data", "digits", "--metrics", "fid", *digits),
        ("compare", "fake.npz", form, "digits", "--metrics", "fid", *digits),
        ("stats", form, "-o", "s.npz", *digits),
        ("score", "fake.npz", "--data", form, "--metrics", "fid", *digits),
        ("train", "gaussian", "--data", form, "--no-score"),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output
        assert "s.npz" not in words or result.stdout.startswith("200 samples")


def test_a_run_keeps_the_form_of_a_plain_path(run: Any, forms: Path) -> None:
    assert run("train", "gaussian", "--data", "fake", "--no-score", "--runs", "own").exit_code == 0
    (manifest,) = (forms / "own").rglob("run.json")
    assert msgspec.json.decode(manifest.read_bytes())["data_reference"] == "folder:fake"
    result = run("score", manifest.parent, "--metrics", "fid", *CPU)
    assert "of folder-fake (train)" in result.stdout, result.output


def test_a_run_is_not_resized(refused: Refused, gaussian: RunFolder) -> None:
    line = refused(2, "score", f"{gaussian.path}?size=16")
    assert "is a run, and only folders of images are read by '?size=16&fit=crop'." in line


def test_a_dataset_by_its_name_is_the_reference_or_a_source(run: Any, files: Path) -> None:
    named, given = (
        run("score", "fake.npz", *words, "--metrics", "fid", *CPU) for words in (("--data", "digits"), ("digits",))
    )
    assert given.exit_code == 0, given.output
    assert given.stdout == named.stdout
    assert given.stderr == named.stderr
    result = run("score", "digits", "digits", "--metrics", "fid", *CPU)
    assert float(table(result.stdout)["fid"][0]) == pytest.approx(0, abs=1e-6), result.output
    assert "digits: the 1347 samples of its training split are used" in result.stderr
    assert run("stats", "digits", "-o", "d.npz", *CPU).stdout.startswith("1347 samples")


def test_a_folder_that_has_the_name_of_a_dataset(run: Any, files: Path) -> None:
    (files / "fake").rename(files / "digits")
    result = run("score", "digits", "--data", "digits", "--extractor", "digits", "--metrics", "fid", *CPU)
    assert "200 samples against 1347 of digits" in result.stdout, result.output
    assert "digits is the folder of this name, not the dataset" in result.stderr


def test_a_reference_that_is_nothing(refused: Refused, files: Path) -> None:
    np.savez(files / "odd.npz", foo=np.zeros(3))
    keys = "odd.npz has none of the keys x, images, x_train, arr_0; its keys: foo."
    for words in (
        ("score", "odd.npz"),
        ("score", "fake.npz", "npz:odd.npz"),
        ("train", "gaussian", "--data", "odd.npz"),
    ):
        assert keys in refused(1, *words)
    assert "Unknown dataset 'fodler'. Did you mean 'folder'?" in refused(2, "score", "fodler:fake")
    assert "Unknown dataset ''." in refused(2, "score", "", "digits")
    assert "There is no file or folder xxx" in refused(1, "score", "x" * 300)
    assert "'size=0' of fake is no size" in refused(2, "score", "fake?size=0", "digits")
    assert "Unknown fit of fake 'zoom'" in refused(2, "stats", "folder:fake?size=8&fit=zoom", "-o", "s.npz")
    missing = refused(1, "score", "digts")
    assert "There is no file or folder digts. Name a run's folder" in missing
    assert "datasets 25gaussians, 8gaussians, cifar10, digits" in missing


def test_what_a_folder_leaves_out_is_said_by_every_command(run: Any, files: Path) -> None:
    (files / "fake" / "200.heic").touch()
    sentence = "1 file was not read as images in fake: .heic (1)"
    digits = ("--extractor", "digits", *CPU)
    for words in (
        ("score", "fake", "fake.npz", *digits),
        ("score", "fake.npz", "fake", *digits),
        ("score", "fake.npz", "--data", "fake", *digits),
        ("compare", "fake.npz", "fake", "digits", *digits),
        ("stats", "fake", "-o", "s.npz", *digits),
        ("train", "gaussian", "--data", "folder:fake", "--no-score"),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output
        assert result.stderr.count(sentence) == 1, words


def test_outputs_may_end_in_any_case(
    run: Any, gaussian: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for words in (
        ("sample", gaussian.path, *CPU, "-o", "A.PNG"),
        ("sample", gaussian.path, *CPU, "--output=~/A.Npz"),
        ("export", gaussian.path, "-o", "A.ONNX"),
        ("stats", "A.Npz", *CPU, "-o", "S.NPZ"),
        ("sample", "A.ONNX", *CPU, "-o", "b.npz"),
        ("score", "~/A.ONNX", "-n", 60, "--metrics", "fid", *CPU),
        ("score", "A.Npz", "S.NPZ", "--metrics", "fid", *CPU),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output
    assert {"A.PNG", "A.Npz", "A.ONNX", "S.NPZ"} <= {path.name for path in tmp_path.iterdir()}


@pytest.fixture
def sizes(run: Any, tmp_path: Path) -> Path:
    """Images of 16×16 and of 32 rows and 24 columns, in folders and in npz files; points."""
    rng = np.random.default_rng(0)
    for name, form in {"small": (16, 16), "large": (32, 24)}.items():
        x = rng.integers(0, 256, (60, 1, *form), dtype=np.uint8)
        np.savez(tmp_path / f"{name}.npz", x=x)
        (tmp_path / name).mkdir()
        for i, image in enumerate(x):
            Image.fromarray(image[0]).save(tmp_path / name / f"{i:02}.png")
    return tmp_path


@pytest.mark.parametrize("small", ["small", "small.npz"])
@pytest.mark.parametrize("large", ["large", "large.npz"])
def test_images_of_two_sizes_are_noted(small: str, large: str, run: Any, sizes: Path) -> None:
    note = f"{small} has 16×16 pixels, {large} has 32×24 pixels: both are resized to 8×8"
    for more in ((), ("--profile", "one-pass")):
        result = run("score", small, large, "--metrics", "fid", *more, "--json", *CPU)
        assert note in msgspec.json.decode(result.stdout)["notes"], result.output
        assert result.stderr.count(f"Note: {note}.") == 1
    assert f"Note: {note}." in run("compare", small, large, large, "--metrics", "fid", *CPU).stderr
    assert f"Note: {note}." in run("stats", small, large, "-o", "s.npz", *CPU).stderr
    np.savez(sizes / "f.npz", features=np.random.default_rng(1).normal(size=(70, 64)))
    assert f"Note: {note}." in run("compare", small, large, "f.npz", "--metrics", "fid", *CPU).stderr
    for words in (
        ("score", small, "small"),
        ("compare", small, "small", "small.npz"),
        ("stats", small, "small", "-o", "s"),
    ):
        assert "resized" not in run(*words, *CPU).output
