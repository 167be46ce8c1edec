// Loading and running generators. Scripts that are loaded later put what they bring into PACKED: zlib, then base64.
"use strict";

const PACKED = {};
const sessions = new Map();  // by slug, each a promise
let starting;
let turn = Promise.resolve();

function loadScript(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`the file ${path} is missing`));
    document.head.append(script);
  });
}

async function unpacked(name) {
  const text = atob(PACKED[name]);
  delete PACKED[name];
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function startRuntime() {
  await loadScript("runtime/ort.wasm.min.js");
  await loadScript("runtime/packed.js");
  const glue = new Blob([await unpacked("glue")], { type: "text/javascript" });
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(glue) };
  ort.env.wasm.wasmBinary = await unpacked("wasm");
}

async function newSession(slug) {
  starting ??= startRuntime();
  try {
    await starting;
  } catch (error) {
    starting = undefined;  // it is tried again
    throw error;
  }
  await loadScript(`models/${slug}.js`);
  const file = await unpacked(`models/${slug}`);
  return ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
}

function openGenerator(slug) {
  if (!sessions.has(slug)) {
    const session = newSession(slug);
    session.catch(() => sessions.delete(slug));  // the next time it is loaded again
    sessions.set(slug, session);
  }
  return sessions.get(slug);
}

function joined(parts) {
  const all = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, i) => all.set(part, i * part.length));
  return all;
}

function feedsOf(latent, rows) {
  const n = rows.length;
  const floats = (name, shape) => new ort.Tensor("float32", joined(rows.map((row) => row[name])), [n, ...shape]);
  const feeds = { z: floats("z", [latent.z_dim]) };
  if (latent.classes) feeds.y = new ort.Tensor("int64", BigInt64Array.from(rows, (row) => BigInt(row.y)), [n]);
  const codes = latent.categorical + latent.continuous;
  if (codes) feeds.c = floats("c", [codes]);
  if (latent.noise.length) feeds.noise = floats("noise", latent.noise);
  return feeds;
}

// The samples of some rows of inputs, one after the other: Float32Array [rows · numbers of a sample].
function generate(session, latent, rows) {
  const work = turn.then(() => session.run(feedsOf(latent, rows)));
  turn = work.catch(() => undefined);  // one at a time, also after one that failed
  return work.then(({ x }) => x.data);
}
