"use strict";
// Asks the server what to show, shows it, and sends each answer before it asks for the next image.
(() => {
  const at = (id) => document.getElementById(id);
  const CROSS = 500; // milliseconds of the cross before an image that goes away
  const TOLD = 900; // milliseconds for which practice says what was right
  let state = null;
  let since = 0; // when the image of the trial was first seen
  let shown = null; // milliseconds for which it was seen
  let open = false; // whether an answer may be given

  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  async function ask(what, fields) {
    const answer = await fetch(what, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ rater: state ? state.rater : "", ...fields }),
    });
    const said = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
    if (!answer.ok) throw new Error(said.error || `The server answered ${answer.status}.`);
    return said;
  }

  function fail(error) {
    const gone = error instanceof TypeError; // fetch says so where nobody listens
    at("error").textContent = gone ? "ganzoo rate is no longer running here. Start it again; nothing you said is lost." : error.message;
  }

  function only(id) {
    for (const each of ["begin", "trial", "end"]) at(each).hidden = each !== id;
  }

  async function enter(next) {
    state = next;
    at("error").textContent = "";
    const name = new URLSearchParams({ rater: state.rater }).toString();
    if (location.hash.slice(1) !== name) history.replaceState(null, "", `#${name}`);
    if (!state.done) return show();
    only("end");
    at("count").textContent = String(state.number);
    return at("thanks").focus();
  }

  function source(kind) {
    return `${kind}/${state.number}.png?${new URLSearchParams({ rater: state.rater })}`;
  }

  async function load(kind) {
    const image = new Image();
    image.src = source(kind);
    await image.decode();
    return image.src;
  }

  function allow(yes) {
    open = yes;
    at("real").disabled = at("fake").disabled = !yes;
  }

  async function show() {
    allow(false);
    only("trial");
    at("told").textContent = "";
    at("picture").className = "none";
    at("place").textContent = `Image ${state.number + 1} of ${state.total}${state.practice ? ", practice" : ""}`;
    at("progress").max = state.total;
    at("progress").value = state.number;
    const number = state.number;
    const image = await load("image");
    const mask = state.exposure === null ? null : await load("mask");
    if (mask) await cross();
    await frame();
    at("picture").src = image;
    await at("picture").decode();
    at("picture").alt = "The image to judge";
    at("picture").className = "";
    since = await frame();
    shown = null;
    if (mask) {
      let now = since;
      while (now - since < state.exposure - 4) now = await frame(); // to the nearest frame of the screen
      shown = now - since;
      at("picture").src = mask;
    }
    if (number === state.number) allow(true);
  }

  async function cross() {
    at("cross").hidden = false;
    await wait(CROSS);
    at("cross").hidden = true;
  }

  async function answer(saidFake) {
    if (!open) return undefined;
    allow(false);
    const seconds = (performance.now() - since) / 1000;
    let next;
    try {
      next = await ask("judge", { number: state.number, said_fake: saidFake, seconds, shown });
    } catch (error) {
      fail(error);
      return allow(true); // it may be said again
    }
    if ("right" in next) {
      const what = saidFake === next.right ? "generated" : "real";
      at("told").textContent = `${next.right ? "Right" : "No"}: it is ${what}.`;
      await wait(TOLD);
    }
    return enter(next).catch(fail);
  }

  async function start(name) {
    state = null;
    try {
      await enter(await ask("start", { rater: name }));
    } catch (error) {
      only("begin");
      fail(error);
      at("rater").focus();
    }
  }

  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    start(at("rater").value);
  });
  at("real").addEventListener("click", () => answer(false));
  at("fake").addEventListener("click", () => answer(true));
  at("more").addEventListener("click", () => ask("more", {}).then(enter).catch(fail));
  document.addEventListener("keydown", (event) => {
    if (at("trial").hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "r" || key === "f") answer(key === "f");
  });
  const known = new URLSearchParams(location.hash.slice(1)).get("rater");
  if (known) start(known);
})();
