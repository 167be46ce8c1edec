"""Rules on the log, at their edges: what each needs to see, and what it must not mistake for it."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from diagnosed import curves, sampled, traces

from ganzoo.diagnosis import curves as rules
from ganzoo.diagnosis.case import Curves, read_curves
from ganzoo.diagnosis.losses import LOG_2, loss_of
from ganzoo.diagnosis.verdicts import COLLAPSE, EXPLODING, OSCILLATION, OVERFITTED, STRONG, VANISHING

BALANCE = 2 * LOG_2
SOUND = [1.2, 1.3, 1.1, 1.25] * 5


def found(given: Curves, **of_manifest: object) -> dict[str, str]:
    """Failures and how sure they are."""
    score = of_manifest.pop("score", None)
    return {sign.failure: sign.sure for sign in rules.signs(traces(given, score, **of_manifest))}  # type: ignore[arg-type]


def test_a_sound_log_has_no_signs() -> None:
    assert found(curves(d_loss=SOUND, g_loss=[0.8, 0.9] * 10, d_grad=[1, 4] * 10, g_grad=[2, 8] * 10)) == {}


@pytest.mark.parametrize(
    ("level", "sure"), [(0.019, "likely"), (0.021, "possible"), (0.099, "possible"), (0.101, None)]
)
def test_a_discriminator_has_won_where_its_loss_is_near_0(level: float, sure: str | None) -> None:
    """By its balance: the same loss of another kind is something else."""
    assert found(curves(d_loss=[level * BALANCE] * 20)).get(STRONG) == sure
    assert found(curves(d_loss=[level * 2] * 20), loss="hinge").get(STRONG) == sure
    assert found(curves(d_loss=[level * 0.25] * 20), loss="least squares").get(STRONG) == sure


def test_it_is_the_end_of_the_log_that_counts() -> None:
    assert found(curves(d_loss=[0.001] * 14 + [1.2] * 6)) == {}
    assert STRONG in found(curves(d_loss=[1.2] * 14 + [0.001] * 6))


@pytest.mark.parametrize("loss", ["difference of mean critic scores", "an f-divergence", "L1 of the autoencoder", ""])
def test_a_loss_without_a_balance_is_not_judged(loss: str) -> None:
    given = traces(curves(d_loss=[0.0] * 20), loss=loss)
    assert list(rules.signs(given)) == []
    assert any("no bound or balance" in sentence for sentence in rules.blind(given))
    older = traces(curves(d_loss=[0.0] * 20), about=None)
    assert list(rules.signs(older)) == []
    assert any("run.json of an older ganzoo" in sentence for sentence in rules.blind(older))


def test_a_strong_discriminator_whose_generator_learns_is_no_trouble() -> None:
    won = curves(d_loss=[0.01] * 20)
    assert found(won, score=sampled(precision=0.44)) == {}
    assert found(won, score=sampled(precision=0.42)) == {STRONG: "certain"}


def test_gradients_vanish_by_their_norm() -> None:
    assert found(curves(g_grad=[1.0] * 10 + [9e-7] * 10)) == {VANISHING: "certain"}
    assert found(curves(g_grad=[1.0] * 10 + [9e-4] * 10)) == {VANISHING: "likely"}
    assert found(curves(g_grad=[1.0] * 10 + [2e-3] * 10)) == {}


def test_a_saturating_loss_tells_its_own_slope() -> None:
    flat = curves(g_loss=[-0.5] * 10 + [-0.009] * 10)
    assert found(flat, options={"loss": "minimax"}) == {VANISHING: "likely"}
    assert found(flat, options={"loss": "nonsaturating"}) == {}
    assert found(curves(g_loss=[-0.011] * 20), options={"loss": "minimax"}) == {}


@pytest.mark.parametrize(
    ("note", "failure"),
    [
        ("d_loss became nan at step 50 of 3000.", EXPLODING),
        ("g_loss became -inf at step 50 of 3000.", EXPLODING),
        ("loss exploded: it is 1e+09 at step 300 of 3000, and was 1 at first.", EXPLODING),
        ("g.0.weight and 3 more arrays of the state became not finite by step 20 of 40.", EXPLODING),
        ("The generator's points lie 10,000 times as far out as the data, after the last step, 200.", EXPLODING),
        ("The generator is dead: all its samples are the same, after the last step, 3000.", COLLAPSE),
        ("The generator is saturated: every value of its samples is -1 or 1, after step 100.", VANISHING),
    ],
)
def test_a_run_that_diverged_is_named_by_its_note(note: str, failure: str) -> None:
    assert found(Curves(), status="diverged", note=note) == {failure: "certain"}
    assert found(Curves(), status="finished", note=note) == {}


def test_what_grows_a_hundredfold_explodes() -> None:
    assert found(curves(g_grad=[0.1] * 10 + [11.0] * 10)) == {EXPLODING: "likely"}
    assert found(curves(g_grad=[0.1] * 10 + [9.0] * 10)) == {}
    assert found(curves(d_loss=[-0.5] * 10 + [-101.0] * 10), loss="critic") == {EXPLODING: "likely"}
    assert found(curves(d_loss=[-0.5] * 10 + [-99.0] * 10), loss="critic") == {}, "losses begin at 1 at least"


def test_a_lead_that_changes_hands_is_an_oscillation() -> None:
    low, high = 0.09 * BALANCE, 0.51 * BALANCE
    rest = [0.3 * BALANCE] * 9
    assert found(curves(d_loss=[*rest, low, 0.5, high, 0.5, low, *rest])) == {OSCILLATION: "possible"}
    assert found(curves(d_loss=[*rest, low, high, low, high, *rest])) == {OSCILLATION: "likely"}
    assert found(curves(d_loss=[*rest, low, low, high, *rest])) == {}, "once is no turn and return"
    assert found(curves(d_loss=[*rest, 0.11 * BALANCE] * 2)) == {}
    assert found(curves(d_loss=[0.4 * BALANCE, low] * 9 + [0.4 * BALANCE] * 6)) == {}, "neither sure nor in doubt"
    assert found(curves(d_loss=[low, high] * 3 + [1.0] * 18)) == {}, "the first quarter is the beginning"


def test_a_discriminator_overfits_where_held_out_samples_look_like_fakes() -> None:
    """r_v of Karras et al. 2020: (real - heldout) / (real - fake)."""
    columns = {"d_real": [2.0] * 20, "d_fake": [-3.0] * 20}
    assert found(curves(**columns, d_heldout=[-1.1] * 20)) == {OVERFITTED: "likely"}
    assert found(curves(**columns, d_heldout=[-0.9] * 20)) == {}
    assert found(curves(d_real=[1.0] * 20, d_fake=[1.0] * 20, d_heldout=[0.0] * 20)) == {}


def test_a_short_log_is_not_judged_and_says_so() -> None:
    for rows, told in ((7, False), (8, True)):
        given = traces(curves(d_loss=[0.0] * rows))
        assert bool(list(rules.signs(given))) == told
        assert any("too few" in sentence for sentence in rules.blind(given)) != told


def test_a_log_says_what_it_cannot_tell() -> None:
    assert [text.split(":")[0] for text in rules.blind(traces(curves(loss=SOUND)))] == [
        "The log has no d_loss",
        "The log has no gradients",
    ]
    assert list(rules.blind(traces(role="floor"))) == []


@pytest.mark.parametrize(
    ("option", "facts", "balance"),
    [
        ("minimax", "", BALANCE),
        ("hinge", "non-saturating", 2.0),
        ("relativistic", "", LOG_2),
        ("relativistic-average", "", BALANCE),
        ("f-kl", "", None),
        (None, "cross-entropy of D's softmax over k + 1 classes", None),
        (None, "relativistic pairing on logits", LOG_2),
        (None, "least squares on the linear output, factors ½", 0.25),
        ("mystery", "non-saturating cross-entropy on logits", BALANCE),
        (None, "self-made", None),
    ],
)
def test_losses_are_known_by_option_then_by_words(option: str | None, facts: str, balance: float | None) -> None:
    assert loss_of(option, facts).balance == balance


def test_the_balance_is_the_loss_of_a_discriminator_that_says_the_same_of_all() -> None:
    half = 0.5
    assert loss_of("minimax", "").balance == pytest.approx(-math.log(half) - math.log(1 - half))
    assert loss_of("lsgan", "").balance == pytest.approx(min(0.5 * (d - 1) ** 2 + 0.5 * d**2 for d in (0, half, 1)))
    assert loss_of("hinge", "").balance == max(0.0, 1 - 0.0) + max(0.0, 1 + 0.0)


def test_a_log_is_read_as_it_lies(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert read_curves(log).rows == 0
    log.write_text("step,d_loss,odd\n" + "".join(f"{n},{n / 10},{'x' if n == 3 else 1}\n" for n in range(12)))
    given = read_curves(log)
    assert (given.rows, list(given.columns)) == (12, ["d_loss"])
    assert given.early("d_loss") == pytest.approx(0.1)
    assert given.late("d_loss") == pytest.approx(1.0)
    for broken in ("", "step\n", "step,a\n1,2,3\n", "\0\0"):
        log.write_text(broken)
        assert not read_curves(log).called("a")


def test_rules_are_pure(tmp_path: Path) -> None:
    given = traces(curves(d_loss=[0.001] * 20, g_grad=[1.0] * 10 + [1e-9] * 10))
    one, two = (list(rules.signs(given)) for _ in range(2))
    assert one == two
    assert all(a.evidence for a in itertools.chain(one, two))
