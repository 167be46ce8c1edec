"""What one file may take: the default, other limits, and the sentence beyond them."""

from __future__ import annotations

import pytest

from ganzoo.errors import DataError, ModelError, UsageError
from ganzoo.limits import DEFAULT, VARIABLE, check_size, most_bytes, shown


def test_the_default_holds_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert most_bytes() == DEFAULT == 2 * 1024**3
    monkeypatch.setenv(VARIABLE, " ")
    assert most_bytes() == DEFAULT


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *(
            ("123", 123),
            ("123 B", 123),
            ("8GB", 8 * 10**9),
            ("8 gb", 8 * 10**9),
            ("8GiB", 8 * 2**30),
            ("8g", 8 * 2**30),
        ),
        *(("1.5k", 1536), ("2MB", 2 * 10**6), ("1TiB", 2**40)),
    ],
)
def test_numbers_with_units(text: str, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert most_bytes() == wanted


@pytest.mark.parametrize("text", ["lots", "-1", "0", "8PB", "8 8", "1e9", "iB"])
def test_what_is_no_number_of_bytes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(UsageError, match=rf"{VARIABLE} is '{text}', which is no number of bytes"):
        most_bytes()


def test_the_sentence_says_what_is_needed_what_is_allowed_and_how_to_allow_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "1MB")
    check_size(10**6, "This", DataError)
    with pytest.raises(DataError) as caught:
        check_size(3_200_000_000, "'x' of a.npz", DataError)
    assert caught.value.message == "'x' of a.npz would take 3.2 GB of memory, and one file may take 1 MB."
    assert caught.value.hint == f"Set {VARIABLE}=4GB to allow it."
    with pytest.raises(ModelError, match=r"over 1000 TB of memory.*It may be damaged"):
        check_size(10**18, "This", ModelError)


def test_what_the_hint_says_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    for need in (DEFAULT + 1, 5 * 10**9, 10**12):
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(DataError) as caught:
            check_size(need, "This", DataError)
        monkeypatch.setenv(VARIABLE, caught.value.hint.split("=")[1].split()[0])
        check_size(need, "This", DataError)


def test_sizes_for_people() -> None:
    assert [shown(size) for size in (0, 999, 1000, 614_400_000, 2 * 2**30, 10**12)] == [
        *("0 bytes", "999 bytes", "1 kB", "614 MB", "2.15 GB", "1 TB"),
    ]
