"""What the page may ask, and what it is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from ganzoo.errors import StoreError
from ganzoo.rating.journal import Journal, read_all
from ganzoo.rating.questions import PRACTICE
from ganzoo.rating.server import app_of, serving
from ganzoo.rating.session import RatingSession, sole_use

Sessions = Callable[..., RatingSession]
GREYS = {10: "good", 20: "bad", 30: "real"}


class Rater:
    """Somebody at the page."""

    def __init__(self, session: RatingSession, name: str = "anna") -> None:
        self.client: FlaskClient = app_of(session, "t").test_client()
        self.name = name
        self.state = self.post("start")

    def post(self, what: str, **fields: Any) -> dict[str, Any]:
        answer = self.client.post(f"/t/{what}", json={"rater": self.name} | fields, base_url="http://127.0.0.1")
        assert answer.status_code == 200, answer.text
        assert isinstance(answer.json, dict)
        return answer.json

    def image(self, number: int, kind: str = "image") -> Any:
        return self.client.get(f"/t/{kind}/{number}.png?rater={self.name}", base_url="http://127.0.0.1")

    def pixels(self) -> Any:
        return np.asarray(Image.open(io.BytesIO(self.image(self.state["number"]).data)))

    def say(self, fake: bool, **fields: Any) -> dict[str, Any]:
        sent = {"number": self.state["number"], "said_fake": fake, "seconds": 1.0, "shown": None} | fields
        self.state = self.post("judge", **sent)
        return self.state

    def all(self, fake: bool = True) -> None:
        while not self.state["done"]:
            self.say(fake)


def test_a_rater_is_shown_what_is_written_down_and_is_told_only_in_practice(session: Sessions, tmp_path: Path) -> None:
    rater = Rater(session())
    while not rater.state["done"]:
        number, pixels = rater.state["number"], rater.pixels()
        said = rater.say(number % 2 == 0)
        last = read_all(tmp_path)["anna"][-1]
        assert (last.number, last.said_fake) == (number, number % 2 == 0)
        if last.part == "check":
            assert pixels.shape == (64, 64, 3)
        else:
            assert GREYS[int(pixels[4, 4])] == last.source
            assert pixels[0, 0] == last.index % 256
        assert ("right" in said) == (last.part == "practice") == (number < PRACTICE)
        assert said.get("right", last.right) == last.right
        assert not {"source", "fake", "index", "block"} & said.keys()
    assert rater.state["number"] == rater.state["total"] == PRACTICE + 20 + 1


def test_of_two_clicks_the_first_counts(session: Sessions, tmp_path: Path) -> None:
    rater = Rater(session())
    first = rater.say(True, number=0)
    again = rater.say(False, number=0)
    assert first["kept"]
    assert not again["kept"]
    assert first["number"] == again["number"] == 1
    assert [each.said_fake for each in read_all(tmp_path)["anna"]] == [True]
    assert not rater.say(True, number=5)["kept"], "nobody has seen that one"


def test_whoever_comes_back_goes_on_where_they_were(session: Sessions) -> None:
    rater = Rater(session())
    for _ in range(5):
        rater.say(True)
    shown = rater.pixels()
    again = Rater(session())
    assert again.state["number"] == 5
    assert (again.pixels() == shown).all()


def test_raters_do_not_mix(session: Sessions, tmp_path: Path) -> None:
    one = session()
    anna, berta = Rater(one), Rater(one, "berta")
    anna.say(True)
    assert berta.post("start")["number"] == 0
    berta.say(False)
    assert {name: len(each) for name, each in read_all(tmp_path).items()} == {"anna": 1, "berta": 1}


def test_another_round_goes_on_and_is_remembered(session: Sessions) -> None:
    rater = Rater(session())
    assert rater.post("more")["total"] == PRACTICE + 21, "this one is not done"
    rater.all()
    rater.state = rater.post("more")
    assert (rater.state["total"], rater.state["practice"]) == (PRACTICE + 42, False)
    rater.say(True)
    assert Rater(session()).state["total"] == PRACTICE + 42
    rater.all()
    assert Rater(session()).state["done"]


def test_only_the_image_in_hand_can_be_had(session: Sessions) -> None:
    rater = Rater(session())
    assert rater.image(0).mimetype == "image/png"
    assert [rater.image(number).status_code for number in (1, 7, 10**6)] == [404] * 3
    rater.say(True)
    assert rater.image(0).status_code == 404


def test_exposures_follow_the_answers_and_a_resume_does_not_change_them(session: Sessions, tmp_path: Path) -> None:
    rater = Rater(session("timed", 20))
    exposures = []
    while not rater.state["done"]:
        exposures.append(rater.state["exposure"])
        rater.say(True, shown=rater.state["exposure"] + 1.5)
        if rater.state["number"] % 7 == 0:
            rater = Rater(session("timed", 20))
    kept = read_all(tmp_path)["anna"]
    assert [each.exposure for each in kept] == exposures
    assert all(each.shown == each.exposure + 1.5 for each in kept if each.exposure)
    for block in ("good", "bad"):
        found = [each for each in kept if each.block == block]
        expected = 500
        for each in found:
            assert each.exposure == expected
            expected += -10 if each.right else 30
    assert {each.exposure for each in kept if not each.block} == {500}


def test_a_mask_has_the_pixels_of_its_image_in_another_order(session: Sessions) -> None:
    rater = Rater(session("timed", 20))
    image, mask = (np.asarray(Image.open(io.BytesIO(rater.image(0, kind).data))) for kind in ("image", "mask"))
    assert image.shape == mask.shape
    assert (np.sort(image, axis=None) == np.sort(mask, axis=None)).all()


def test_without_the_token_or_by_another_name_nothing_is_said(session: Sessions) -> None:
    client = Rater(session()).client
    for address in ("/", "/x/", "/start", "/t/../x", "/t/study.json", "/t/rate.html.jinja"):
        assert client.get(address, base_url="http://127.0.0.1").status_code == 404, address
    assert client.get("/t/", base_url="http://127.0.0.1:80").status_code == 200
    assert client.get("/t/", base_url="http://localhost:5").status_code == 200
    assert client.get("/t/", base_url="http://evil.example").status_code == 403
    for name in ("Cache-Control", "Referrer-Policy", "Content-Security-Policy"):
        assert client.get("/t/", base_url="http://localhost").headers[name]


@pytest.mark.parametrize(
    "sent",
    [
        {"rater": ""},
        {"rater": 5},
        {},
        [],
        {"rater": "anna", "number": "0", "said_fake": True, "seconds": 1},
        {"rater": "anna", "number": True, "said_fake": True, "seconds": 1},
        {"rater": "anna", "number": 0, "said_fake": "yes", "seconds": 1},
        {"rater": "anna", "number": 0, "said_fake": True},
        {"rater": "anna", "number": 0, "said_fake": True, "seconds": True},
    ],
)
def test_what_no_page_sends_is_refused_in_a_sentence(session: Sessions, tmp_path: Path, sent: Any) -> None:
    answer = Rater(session()).client.post("/t/judge", json=sent, base_url="http://127.0.0.1")
    assert answer.status_code == 400
    assert set(answer.json or ()) == {"error"}
    assert read_all(tmp_path) == {}


def test_a_form_of_another_site_cannot_answer(session: Sessions, tmp_path: Path) -> None:
    client = Rater(session()).client
    text = '{"rater": "anna", "number": 0, "said_fake": true, "seconds": 1}'
    answer = client.post("/t/judge", data=text, content_type="text/plain", base_url="http://127.0.0.1")
    assert answer.status_code == 400
    assert read_all(tmp_path) == {}


def test_an_answer_that_cannot_be_kept_is_asked_again(
    session: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rater = Rater(session())

    def full(self: Journal, judged: object) -> None:
        raise StoreError("Cannot write: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        answer = rater.client.post(
            "/t/judge",
            json={"rater": "anna", "number": 0, "said_fake": True, "seconds": 1.0},
            base_url="http://127.0.0.1",
        )
    assert answer.status_code == 500
    assert "No space" in (answer.json or {})["error"]
    assert rater.say(True)["number"] == 1


def test_a_folder_is_one_programs(tmp_path: Path) -> None:
    with sole_use(tmp_path / "s"), pytest.raises(StoreError, match="Another 'ganzoo rate'"), sole_use(tmp_path / "s"):
        pass


def test_a_port_that_is_taken_is_a_sentence(session: Sessions) -> None:
    with serving(session()) as (address, server):
        assert address.startswith(f"http://127.0.0.1:{server.server_port}/")
        with pytest.raises(StoreError, match=f"port {server.server_port}"), serving(session(), server.server_port):
            pass
