"""What a rater is shown, and in which order."""

from __future__ import annotations

from collections import Counter

import pytest

from ganzoo.rating.questions import CHECK, CHECK_EVERY, PRACTICE, REAL, questions
from ganzoo.rating.staircase import LEAST, MOST, START, exposures, threshold
from tests.rating.conftest import study_of


def test_half_of_what_counts_is_real_and_models_have_as_many_each() -> None:
    counted = [each for each in questions(study_of(images=40), "anna", 1) if each.part == "judged"]
    assert Counter(each.source for each in counted) == {REAL: 20, "good": 10, "bad": 10}
    assert all(each.fake == (each.source != REAL) for each in counted)


def test_practice_comes_first_and_once() -> None:
    found = questions(study_of(), "anna", 3)
    assert [i for i, each in enumerate(found) if each.part == "practice"] == list(range(PRACTICE))
    assert {each.fake for each in found[:PRACTICE]} == {True, False}


def test_no_image_comes_twice_before_all_were_shown() -> None:
    found = questions(study_of(images=40), "anna", 4, real=90)
    for source in ("good", "bad", REAL):
        shown = [each.index for each in found if each.source == source]
        assert len(set(shown)) == min(len(shown), 90 if source == REAL else 500)


def test_real_images_come_again_only_when_all_were_shown() -> None:
    shown = [each.index for each in questions(study_of(images=40), "anna", 2, real=30) if each.source == REAL]
    assert len(shown) == 45
    assert {Counter(shown)[i] for i in range(30)} == {1, 2}


def test_a_round_has_a_check_in_each_twenty_images_and_they_ask_for_both_answers() -> None:
    found = questions(study_of(images=100), "anna", 4)
    assert [each.part for each in found].count("check") == 4 * 100 // CHECK_EVERY
    assert {(each.index, each.fake) for each in found if each.part == "check"} == {(0, False), (1, True)}
    assert all(each.source == CHECK for each in found if each.part == "check")
    assert any(each.part == "check" for each in questions(study_of(images=10), "anna", 1))


def test_more_rounds_begin_with_the_same_images() -> None:
    one, two = (questions(study_of(), "anna", n) for n in (1, 2))
    assert two[: len(one)] == one
    assert len(two) > len(one)


def test_orders_follow_from_rater_and_seed() -> None:
    found = questions(study_of(), "anna", 1)
    assert questions(study_of(), "anna", 1) == found
    assert questions(study_of(), "berta", 1) != found
    assert questions(study_of(seed=1), "anna", 1) != found


def test_with_a_limit_of_time_each_model_has_a_block_of_its_own() -> None:
    counted = [each for each in questions(study_of("timed", 20), "anna", 1) if each.part == "judged"]
    blocks = [counted[:20], counted[20:]]
    assert {each.block for each in counted} == {"good", "bad"}
    for block in blocks:
        (name,) = {each.block for each in block}
        assert Counter(each.source for each in block) == {name: 10, REAL: 10}


def test_the_staircase_goes_down_by_ten_and_up_by_thirty_within_its_ends() -> None:
    assert exposures([]) == [START]
    assert exposures([True, True, False]) == [500, 490, 480, 510]
    assert exposures([True] * 60)[-1] == LEAST
    assert exposures([False] * 30)[-1] == MOST


@pytest.mark.parametrize("right", [[True] * 3 + [False], [False, True, True, True]])
def test_the_staircase_stands_where_three_of_four_are_right(right: list[bool]) -> None:
    assert exposures(right * 5)[-1] == START


def test_the_threshold_is_what_was_shown_most_often_and_of_several_the_shortest() -> None:
    assert threshold([]) == START
    assert threshold([True] * 60) == LEAST  # 21 images of 100 ms
    assert threshold([True, False, True, True, True]) == 500  # 500 490 520 510 500
    assert threshold([True]) == 500
    assert threshold([True, True]) == 490  # one of each
