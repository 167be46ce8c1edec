"""The header of a card, read by the parser of the hub itself."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml
from carded import with_manifest, with_score
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from nasty import NASTY

from ganzoo.cards import header
from ganzoo.cards.page import card, page_of
from ganzoo.cards.record import Record
from ganzoo.errors import UsageError
from ganzoo.escaping import one_line
from ganzoo.training.runs import RunFolder
from ganzoo.types import DataSpec, Estimate, LatentSpec

IMAGES = "unconditional-image-generation"


def parsed(record: Record) -> ModelCardData:
    data = ModelCard(page_of(record)).data
    assert isinstance(data, ModelCardData)
    return data


def test_the_hub_reads_what_the_score_says(record: Record) -> None:
    data = parsed(record)
    assert (data.library_name, data.pipeline_tag, data.license, data.datasets) == ("onnx", IMAGES, None, None)
    assert data.tags == ["ganzoo", "onnx", "onnxruntime", "gaussian", "numpy"]
    assert data.model_name == "gaussian-digits"
    assert record.score is not None
    protocol = record.score.protocol
    expected = {
        name: (float(f"{e.value:.6g}"), e.n, float(f"{e.se:.6g}"))
        for name, e in record.score.estimates.items()
        if name != "memorised_heldout" and e.se is not None
    }
    results = data.eval_results
    assert results is not None
    assert {
        r.metric_type: (r.metric_value, r.metric_args["n"], r.metric_args["standard_error"])
        for r in results
        if r.metric_args
    } == expected
    assert {"fid", "precision", "modes", "memorised"} <= expected.keys()
    assert {(r.task_type, r.dataset_type, r.dataset_name, r.dataset_split) for r in results} == {
        (IMAGES, "digits", "digits", "train")
    }
    assert results[0].metric_name == "FID (extractor digits)"
    assert results[0].dataset_args == {
        "digest": protocol.dataset_digest,
        "n_real": protocol.n_real,
        "n_fake": 200,
        "extractor": f"digits@{protocol.extractor_sha256[:12]}",
        "protocol": record.score.protocol_hash,
    }


def test_the_hub_writes_it_back_without_a_loss(record: Record) -> None:
    text = page_of(record, "apache-2.0")
    again = ModelCard(str(ModelCard(text)))
    assert again.data.to_dict() == header.metadata(record, "apache-2.0")
    assert again.text == ModelCard(text).text
    results = again.data.eval_results
    made = ModelCardData(model_name="gaussian-digits", eval_results=[EvalResult(**vars(each)) for each in results])
    assert made.to_dict()["model-index"] == header.metadata(record)["model-index"]


def test_a_run_without_score_has_no_model_index(gaussian: RunFolder) -> None:
    data = ModelCard(card(gaussian.path)).data.to_dict()
    assert set(data) == {"library_name", "pipeline_tag", "tags"}


def test_a_licence_is_what_the_user_says(record: Record) -> None:
    assert ModelCard(page_of(record, "Apache-2.0")).data.license == "apache-2.0"
    assert "`apache-2.0`, as given" in page_of(record, "Apache-2.0")
    for text in ("my own", "a\nb", "-", "MIT!"):
        with pytest.raises(UsageError, match="no licence as hubs name them"):
            page_of(record, text)


def test_tags_and_task_by_what_the_run_is(record: Record) -> None:
    gan = with_manifest(record, role="model", variant="cgan", latent=LatentSpec(z_dim=4, classes=10))
    assert parsed(gan).tags == ["ganzoo", "onnx", "onnxruntime", "gan", "cgan", "numpy", "class-conditional"]
    points = parsed(with_manifest(record, data=DataSpec(name="ring", kind="points", shape=(2,))))
    assert points.pipeline_tag is None
    assert points.eval_results is not None
    assert points.eval_results[0].task_type == "other"


@pytest.mark.parametrize(
    ("reference", "ids"), [("mnist", ["ylecun/mnist"]), ("digits", None), ("folder:/home/me/mnist", None)]
)
def test_only_datasets_that_the_hub_has_for_certain_are_named(
    reference: str, ids: list[str] | None, record: Record
) -> None:
    assert parsed(with_manifest(record, data_reference=reference)).datasets == ids


@pytest.mark.parametrize("value", [1e-05, -1.5e-7, 1e20, 123456.0, 0.1, 0.0, -3.0, 2.5e-300])
def test_numbers_are_numbers_for_the_hub(value: float, record: Record) -> None:
    data = parsed(with_score(record, estimates={"fid": Estimate(value, abs(value) / 3, 7)}))
    assert data.eval_results is not None
    (result,) = data.eval_results
    assert isinstance(result.metric_value, float)
    assert result.metric_value == value
    assert result.metric_args == {"n": 7, "standard_error": float(f"{abs(value) / 3:.6g}")}


def test_what_is_no_number_is_left_out(record: Record) -> None:
    estimates = {"fid": Estimate(float("inf")), "mode_kl": Estimate(1.0, float("nan")), "kid": Estimate(float("nan"))}
    data = parsed(with_score(record, estimates=estimates))
    assert data.eval_results is not None
    assert [(r.metric_type, r.metric_args) for r in data.eval_results] == [("mode_kl", {"n": 0})]
    assert parsed(with_score(record, estimates={"fid": Estimate(float("inf"))})).eval_results is None


@pytest.mark.parametrize("text", [*NASTY, "\ud800", "\ufffe", "😀", "yes", "null", "1.5", "a: b", "# c"], ids=ascii)
def test_any_text_is_a_text_for_the_hub(text: str, record: Record) -> None:
    odd = with_manifest(record, variant=text, backend=f"b{text}")
    block = re.split(r"^---\n", header.header(odd), flags=re.MULTILINE)[1]
    shown = [one_line(each).replace("\ud800", "\\ud800").replace("\ufffe", "\\ufffe") for each in (text, f"b{text}")]
    assert yaml.safe_load(block)["tags"][3:] == shown
    assert ModelCard(header.header(odd)).data.tags[3:] == shown


def test_other_extractors_have_other_names(record: Record) -> None:
    assert record.score is not None
    pixels = msgspec.structs.replace(record.score.protocol, extractor="pixels")
    data = parsed(with_score(record, protocol=pixels))
    assert data.eval_results is not None
    assert (data.eval_results[0].metric_type, data.eval_results[0].metric_name) == (
        "fid_pixels",
        "FID (extractor pixels)",
    )


def test_the_header_is_the_first_thing_of_the_card(runs: list[RunFolder], tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(card(runs[0].path))
    assert ModelCard.load(path).text.startswith("\n# gaussian on digits\n")
