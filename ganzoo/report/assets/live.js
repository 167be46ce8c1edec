// The page: what is chosen, its controls, and what is drawn of it.
"use strict";

const SLIDERS = 8;
const STRIP = 9;
const POINTS = 500;
const LAST_SEED = M;
const byId = (id) => document.getElementById(id);

const state = {
  model: null,     // of MODELS
  session: null,
  seed: 0n,
  count: 16,       // samples shown, of images
  rows: [],        // the inputs of all that is shown
  all: null,       // and their samples
  number: 0,       // of the one sample
  drawn: null,     // its inputs, as they were drawn
  row: null,       // and as they were changed
  strength: 1,     // of its noise
  one: null,       // and what the generator makes of them
};

const isImage = () => state.model.kind === "image";
const slice = (x, i) => x.subarray(i * sizeOf(state.model), (i + 1) * sizeOf(state.model));
const sizeOf = (model) => model.shape.reduce((a, b) => a * b);
const copyOf = (row) => ({ z: row.z.slice(), y: row.y, c: row.c.slice(), noise: row.noise.slice() });

function say(text, fault = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("fault", fault);
}

// What fails is said, and nothing goes on with half of it.
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    say(`This generator does not run here: ${error.message.replace(/\.+$/, "")}.`, true);
  }
}

// Inputs

function drawnRow(i) {
  return inputs(state.model.latent, state.seed, i);
}

function given(row) {
  return state.strength === 1 ? row : { ...row, noise: row.noise.map((value) => value * state.strength) };
}

// From a to b: along the great circle where z is normal, as z of lengths in between are rare; else along the line.
function between(a, b, t, law) {
  const dot = (u, v) => u.reduce((sum, value, k) => sum + value * v[k], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine || 0)));
  const round = law === "normal" && Math.sin(angle) > 1e-6;
  const [p, q] = round ? [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((s) => s / Math.sin(angle)) : [1 - t, t];
  return a.map((value, k) => p * value + q * b[k]);
}

function steps(count) {
  const [a, b] = [drawnRow(numberIn("from")), drawnRow(numberIn("to"))];
  const along = (t) => ({ ...given(state.row), z: between(a.z, b.z, t, state.model.latent.law) });
  return Array.from({ length: count }, (_, k) => along(k / (count - 1)));
}

function numberIn(id) {
  const field = byId(id);
  const value = Math.floor(Number(field.value)) || 0;
  return Math.min(Number(field.max), Math.max(Number(field.min), value));
}

// Drawing

async function showAll() {
  const { session, model, seed, count } = state;
  const rows = Array.from({ length: isImage() ? count : POINTS }, (_, i) => drawnRow(i));
  const all = await generate(session, model.latent, rows);
  if (model !== state.model || seed !== state.seed || count !== state.count) return;  // there is another wish by now
  Object.assign(state, { rows, all });
  byId("all-note").textContent = isImage()
    ? `Samples 0 to ${state.count - 1}. Choose one to change it.`
    : `Samples 0 to ${POINTS - 1}${model.latent.classes ? ", a colour for each class" : ""}. The ring is the one sample.`;
  if (isImage()) showGrid();
}

function showGrid() {
  const tiles = state.rows.map((_, i) => {
    const canvas = document.createElement("canvas");
    const button = pressable(`sample ${i}`, () => choose(i));
    drawImage(canvas, slice(state.all, i), state.model.shape, zoomFor(64, state.model.shape));
    button.setAttribute("aria-label", button.textContent);
    button.replaceChildren(canvas);
    return button;
  });
  byId("grid").replaceChildren(...tiles);
}

async function showOne() {
  const { session, model } = state;
  const path = steps(isImage() ? STRIP : 33);
  const made = await generate(session, model.latent, [given(state.row), ...path]);
  if (model !== state.model) return;
  state.one = slice(made, 0);
  const others = path.map((_, k) => slice(made, k + 1));
  if (isImage()) showPictures(others);
  else showPlot(others);
}

function showPictures(strip) {
  const { shape } = state.model;
  drawImage(byId("picture"), state.one, shape, zoomFor(256, shape));
  const canvases = strip.map((x) => {
    const canvas = document.createElement("canvas");
    drawImage(canvas, x, shape, zoomFor(32, shape));
    return canvas;
  });
  byId("strip").replaceChildren(...canvases);
}

function showPlot(path) {
  const points = state.rows.map((_, i) => slice(state.all, i));
  const groups = state.rows.map(({ y, c }) => y ?? Math.max(0, c.subarray(0, state.model.latent.categorical).indexOf(1)));
  drawPoints(byId("plot"), points, groups, state.one, path);
  const shown = [...state.one].map((value) => value.toFixed(3)).join(", ");
  byId("point").textContent = `Sample ${state.number} lies at (${shown}).`;
}

let drawing = false;
let stale = false;

// Draws the one sample; of what changes meanwhile only the last is drawn.
async function redraw() {
  stale = true;
  if (drawing) return;
  drawing = true;
  while (stale) {
    stale = false;
    await attempt(showOne);
  }
  drawing = false;
}

// Controls

function pressable(text, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", press);
  return button;
}

function slider(text, [low, high], change) {
  const line = document.createElement("label");
  const name = document.createElement("span");
  const input = document.createElement("input");
  const output = document.createElement("output");
  line.className = "slider";
  name.textContent = text;
  Object.assign(input, { type: "range", min: low, max: high, step: 0.01 });
  input.addEventListener("input", () => {
    output.textContent = Number(input.value).toFixed(2);
    change(Number(input.value));
    redraw();
  });
  line.append(name, input, output);
  return line;
}

// A number may lie beyond its slider's ends: it is shown, and changes when the slider is moved.
function setSlider(line, value) {
  line.querySelector("input").value = value;
  line.querySelector("output").textContent = value.toFixed(2);
}

function fill(id, parts) {
  byId(id).hidden = !parts.length;
  byId(id).querySelector(".buttons, .sliders").replaceChildren(...parts);
}

function buildControls() {
  const { latent, classNames } = state.model;
  const { categorical, continuous } = latent;
  const range = latent.law === "normal" ? [-3, 3] : [-1, 1];
  const few = Math.min(SLIDERS, latent.z_dim);
  const each = (count, make) => Array.from({ length: count }, (_, k) => make(k));
  fill("classes", classNames.map((name, k) => pressable(name, () => change((row) => { row.y = k; }))));
  fill("codes", each(categorical, (k) => pressable(`${k}`, () => change((row) => row.c.fill(0, 0, categorical).fill(1, k, k + 1)))));
  fill("values", each(continuous, (k) => slider(`c[${categorical + k}]`, [-1, 1], (value) => { state.row.c[categorical + k] = value; })));
  fill("latent", each(few, (k) => slider(`z[${k}]`, range, (value) => { state.row.z[k] = value; })));
  fill("noise", latent.noise.length ? [slider("strength", [0, 1], (value) => { state.strength = value; })] : []);
  fill("interpolation", [slider("place", [0, 1], mix)]);
  byId("latent").querySelector("legend").textContent = few < latent.z_dim ? `Latent z, first ${few} of ${latent.z_dim}` : "Latent z";
}

function change(edit) {
  edit(state.row);
  showControls();
  redraw();
}

function mix(t) {
  const [a, b] = [drawnRow(numberIn("from")), drawnRow(numberIn("to"))];
  state.row.z = between(a.z, b.z, t, state.model.latent.law);
  showControls();
}

function showControls() {
  const { row, model } = state;
  const { categorical } = model.latent;
  const lines = (id) => [...byId(id).querySelectorAll(".slider")];
  const press = (id, chosen) => [...byId(id).querySelectorAll("button")].forEach((button, k) => button.setAttribute("aria-pressed", `${k === chosen}`));
  lines("latent").forEach((line, k) => setSlider(line, row.z[k]));
  lines("values").forEach((line, k) => setSlider(line, row.c[categorical + k]));
  lines("noise").forEach((line) => setSlider(line, state.strength));
  press("classes", row.y);
  press("codes", row.c.subarray(0, categorical).indexOf(1));
  press("grid", state.number);
}

// What is chosen

function choose(number) {
  state.number = number;
  state.drawn = drawnRow(number);
  state.row = copyOf(state.drawn);
  state.strength = 1;
  byId("sample").value = number;
  byId("interpolation").querySelectorAll(".slider").forEach((line) => setSlider(line, 0));
  showControls();
  say(`Sample ${number} of seed ${state.seed}, ${state.model.name} on ${state.model.dataset}.`);
  return redraw();
}

async function openModel(slug) {
  const model = MODELS.find((each) => each.slug === slug) ?? MODELS[0];
  byId("model").value = model.slug;
  byId("stage").hidden = true;
  say(`Loading ${model.name} …`);
  const session = await openGenerator(model.slug);
  if (byId("model").value !== model.slug) return;  // another one was chosen meanwhile
  Object.assign(state, { model, session });
  buildControls();
  byId("grid").hidden = byId("strip").hidden = byId("picture").hidden = !isImage();
  byId("plot").hidden = byId("point").hidden = isImage();
  byId("count").closest("label").hidden = !isImage();
  await refresh();
  byId("stage").hidden = false;
  if (slug && slug !== model.slug) say(`This report has no generator ${slug}: this is ${model.name} on ${model.dataset}.`, true);
}

async function refresh() {
  await showAll();
  await choose(state.number);
}

function readSeed() {
  const text = byId("seed").value.trim();
  const good = /^\d{1,20}$/.test(text) && BigInt(text) <= LAST_SEED;
  byId("seed").setAttribute("aria-invalid", `${!good}`);
  if (good) state.seed = BigInt(text);
  else say(`A seed is a whole number from 0 to ${LAST_SEED}.`, true);
  return good;
}

function listModels() {
  const groups = new Map();
  for (const { slug, name, dataset } of MODELS) {
    if (!groups.has(dataset)) groups.set(dataset, Object.assign(document.createElement("optgroup"), { label: dataset }));
    groups.get(dataset).append(new Option(name, slug));
  }
  byId("model").replaceChildren(...groups.values());
}

const fromAddress = () => new URLSearchParams(location.hash.slice(1)).get("model");

function listen() {
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  const move = (by) => choose(Math.max(0, state.number + by));
  on("choice", "submit", (event) => event.preventDefault());
  on("model", "change", () => { location.hash = `model=${byId("model").value}`; });
  on("seed", "input", () => readSeed() && state.session && attempt(refresh));
  on("count", "change", () => { state.count = byId("count").value = numberIn("count"); attempt(refresh); });
  on("sample", "change", () => choose(numberIn("sample")));
  on("previous", "click", () => move(-1));
  on("next", "click", () => move(1));
  on("reset", "click", () => choose(state.number));
  on("from", "change", redraw);
  on("to", "change", redraw);
  window.addEventListener("hashchange", () => attempt(() => openModel(fromAddress())));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.row && redraw());
}

function begin() {
  if (!MODELS.length) return say("There is no generator in this report.");
  if (!("WebAssembly" in window && "DecompressionStream" in window)) {
    return say("This browser is too old to run generators: it has no WebAssembly or no DecompressionStream.", true);
  }
  listModels();
  listen();
  readSeed();
  byId("choice").hidden = false;
  return attempt(() => openModel(fromAddress()));
}

begin();
