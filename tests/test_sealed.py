from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import flipped

from ganzoo.errors import Damaged
from ganzoo.sealed import LARGEST, has_seal, read_json, read_texts, write_json


class Thing(msgspec.Struct):
    """What the tests write."""

    a: list[float]
    b: int = 0
    c: dict[str, Any] = {}


THING = Thing([0.1, 1e-300, -0.0, 1e22], 2**64 - 1, {"é": None, "x": "a\0b"})


def test_what_was_written_is_read_sorted_and_ends_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": [2]})
    text = path.read_text()
    assert text.startswith('{\n  "a": [\n    2\n  ],\n  "b": 1,\n  "seal": "')
    assert text.endswith('"\n}\n')
    write_json(path, THING)
    assert read_json(path, Thing) == THING
    assert has_seal(path)


def test_every_change_of_a_value_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, THING)
    whole = json.loads(path.read_text())
    for changed in ({"a": [0.1]}, {"b": 2**64 - 2}, {"c": {}}, {"more": 1}, {"seal": "0" * 64}, {"seal": 3}):
        path.write_text(json.dumps({**whole, **changed}))
        with pytest.raises(Damaged, match=r"a\.json is damaged: it does not say what was written.*ganzoo verify"):
            read_json(path, Thing)
    path.write_text(json.dumps(dict(reversed(whole.items())), indent=7))
    assert read_json(path, Thing) == THING  # the same said in another way


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b'{"a": "\xff"}', b"null", b"[1]", b'{"a": 3}', b"[" * 100_000, b"\0" * 40]
)
def test_what_is_none_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(Damaged, match=r"a\.json is damaged: .*\."):
        read_json(tmp_path / "a.json", Thing)


def test_every_flipped_bit_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, THING)
    whole = path.read_bytes()
    noticed = 0
    for content in flipped(whole):
        path.write_bytes(content)
        try:
            assert read_json(path, Thing) == THING, content
        except Damaged:
            noticed += 1
    assert noticed > 6 * len(whole)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Damaged, match="67,108,865 bytes"):
        read_json(tmp_path / "a.json", Thing)


def test_a_file_of_version_0_1_has_no_seal(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1.5]}')
    assert read_json(tmp_path / "a.json", Thing) == Thing([1.5])
    assert not has_seal(tmp_path / "a.json")


EVERY_CHARACTER = "".join(map(chr, [*range(0x2100), 0xFEFF, 0xFFFF, 0x1F600]))


def test_texts_are_read_alike_without_msgspec(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    said = {"plugins": {EVERY_CHARACTER: {"cause": EVERY_CHARACTER, "notes": ["é", ""]}, "B": {}, "a": {}}}
    write_json(path, said)
    assert read_texts(path) == said == {k: v for k, v in read_json(path, dict).items() if k != "seal"}


def test_a_changed_text_is_noticed_without_msgspec(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": "first"})
    whole = path.read_text()
    for content in (whole.replace("first", "other"), whole.replace("seal", "deal"), "[]", "{", "[" * 100_000, "\xff"):
        path.write_bytes(content.encode("latin-1"))
        with pytest.raises(Damaged, match=r"a\.json is damaged"):
            read_texts(path)
