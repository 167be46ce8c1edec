"""Rules on the score, at their edges."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from diagnosed import REAL, sampled

from ganzoo.diagnosis import samples as rules
from ganzoo.diagnosis.case import Sampled
from ganzoo.diagnosis.verdicts import COLLAPSE, MEMORISATION, NARROW, PARTIAL
from ganzoo.types import Estimate


def found(given: Sampled) -> dict[str, str]:
    """Failures and how sure they are, by the surest of their signs."""
    return {sign.failure: sign.sure for sign in sorted(rules.signs(given), key=lambda sign: sign.sure, reverse=True)}


def with_ours(given: Sampled, **estimates: Estimate) -> Sampled:
    return replace(given, ours={**given.ours, **estimates})


def test_a_sound_score_has_no_signs() -> None:
    assert found(sampled()) == {}
    assert list(rules.blind(sampled())) == []


@pytest.mark.parametrize(
    ("modes", "verdict"),
    [
        (10, {}),
        (9, {PARTIAL: "certain"}),
        (5, {PARTIAL: "certain"}),
        (4, {COLLAPSE: "certain"}),
        (1, {COLLAPSE: "certain"}),
    ],
)
def test_modes_are_counted(modes: float, verdict: dict[str, str]) -> None:
    assert found(sampled(modes=modes)) == verdict


def test_a_count_within_its_error_is_only_possible() -> None:
    assert found(with_ours(sampled(), modes=Estimate(9, 0.34, 5000))) == {PARTIAL: "possible"}
    assert found(with_ours(sampled(), modes=Estimate(9, 0.33, 5000))) == {PARTIAL: "certain"}
    assert found(with_ours(sampled(), modes=Estimate(9, None, 5000))) == {PARTIAL: "possible"}


def test_modes_of_samples_like_nothing_real_are_a_guess() -> None:
    assert found(sampled(modes=3, precision=0.42)) == {COLLAPSE: "possible"}
    assert found(sampled(modes=3, precision=0.44)) == {COLLAPSE: "certain"}
    assert found(sampled(modes=3, precision=0.42, real=None)) == {COLLAPSE: "possible"}


def test_shares_are_uneven_from_what_the_loss_of_one_mode_takes() -> None:
    bound = -math.log(0.9)
    assert found(sampled(mode_kl=bound, real=REAL | {"mode_kl": 0.0})) == {}
    assert found(sampled(mode_kl=bound + 0.01)) == {PARTIAL: "possible"}
    assert found(sampled(mode_kl=bound + 0.05)) == {PARTIAL: "likely"}
    assert found(sampled(mode_kl=bound + 0.05, real=REAL | {"mode_kl": 0.1})) == {}, "real ones are as uneven"


def test_few_points_near_modes_tell_nothing_of_modes() -> None:
    far = sampled(modes=5, mode_kl=0.6, hq=0.019)
    assert found(far) == {}
    assert "too few" in " ".join(rules.blind(far))
    assert found(sampled(modes=5, hq=0.02)) == {PARTIAL: "certain"}


def test_samples_that_are_all_alike_are_a_collapse_however_many_modes() -> None:
    assert found(replace(sampled(), alike=True)) == {COLLAPSE: "certain"}
    assert found(sampled(repeats=0.95, recall=0.05)) == {COLLAPSE: "certain"}
    assert found(sampled(repeats=0.95, recall=0.2)) == {NARROW: "likely"}


def test_few_different_samples_are_a_collapse() -> None:
    """A quarter of the way from 1 to the 9 of real samples is 3."""
    real = REAL | {"vendi": 9.0}
    assert found(sampled(vendi=2.9, real=real)) == {COLLAPSE: "certain"}
    assert found(sampled(vendi=2.99, real=real)) == {COLLAPSE: "possible"}
    assert found(sampled(vendi=3.1, real=real)) == {}
    assert found(sampled(vendi=1.0)) == {}, "nothing is known of real samples"
    assert found(sampled(vendi=1.0, real=REAL | {"vendi": 1.0})) == {}, "real samples are alike, too"


def test_a_verdict_is_as_sure_as_its_surest_sign() -> None:
    uneven = with_ours(sampled(mode_kl=1.0), modes=Estimate(9, 0.5, 5000))
    assert found(uneven) == {PARTIAL: "likely"}
    assert [sign.sure for sign in rules.signs(uneven)] == ["possible", "likely"]
    assert {sign.failure for sign in rules.signs(sampled(modes=1, mode_kl=2.0))} == {COLLAPSE}


def test_under_dispersion_of_images_wants_repeats_and_a_loss_of_recall() -> None:
    assert found(sampled(repeats=0.4, recall=0.7)) == {NARROW: "likely"}
    assert found(sampled(repeats=0.4, recall=0.8)) == {}
    assert found(sampled(repeats=0.2, recall=0.5)) == {}, "recall falls with bad samples, too"
    assert found(sampled(repeats=0.4, recall=0.7, se=0.2)) == {NARROW: "possible"}
    assert found(sampled(repeats=0.4, recall=0.7, real=None)) == {}
    assert "wants repeats and recall" in " ".join(rules.blind(sampled(real=None)))


def test_under_dispersion_of_a_mixture_is_its_spread() -> None:
    assert found(sampled(hq=0.9, spread=0.7)) == {NARROW: "certain"}
    assert found(sampled(hq=0.9, spread=0.74)) == {NARROW: "possible"}
    assert found(sampled(hq=0.9, spread=0.76)) == {}
    assert found(sampled(hq=0.9, spread=0.76, repeats=0.5, recall=0.5)) == {}, "measured, not guessed"


def test_a_collapse_is_not_told_twice() -> None:
    assert found(sampled(modes=2, hq=0.9, spread=0.2)) == {COLLAPSE: "certain"}
    assert found(sampled(modes=7, hq=0.9, spread=0.2)) == {PARTIAL: "certain", NARROW: "certain"}


def test_copies() -> None:
    assert found(sampled(duplicates=1.0, memorised=1.0)) == {MEMORISATION: "certain"}
    assert found(sampled(duplicates=0.11)) == {MEMORISATION: "possible"}
    assert found(sampled(duplicates=0.09, memorised=0.6)) == {}, "near is no copy"
    assert found(sampled(memorised=0.6, ct=-3.1)) == {MEMORISATION: "possible"}
    assert found(sampled(memorised=0.4, ct=-3.1)) == {}, "no nearer than held-out ones, within the error"
    assert found(sampled(duplicates=None, memorised=None)) == {}
    assert "held-out" in " ".join(rules.blind(sampled(duplicates=None, memorised=None)))


def test_evidence_names_its_figures() -> None:
    (sign,) = rules.signs(sampled(modes=7))
    assert sign.evidence == ("Samples reach 7 ± 0.01 of 10 modes.",)
