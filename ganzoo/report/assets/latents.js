const M = (1n << 64n) - 1n;

function philox(seed, stream, counter) {
  let [a, b, c, d, k, l] = [BigInt(counter), 0n, 0n, 0n, BigInt(seed), BigInt(stream)];
  for (let round = 0; round < 10; round++) {
    const p = a * 0xd2e7470ee14c6c93n, q = c * 0xca5a826395121157n;
    [a, b, c, d] = [(q >> 64n) ^ b ^ k, q & M, (p >> 64n) ^ d ^ l, p & M];
    [k, l] = [(k + 0x9e3779b97f4a7c15n) & M, (l + 0xbb67ae8584caa73bn) & M];
  }
  return [a, b, c, d];
}

const series = (terms, x) => terms.reduceRight((sum, term) => sum * x + term);
const ATANH = [1, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11];
const COS = [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600];
const SIN = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800];

function normal(a, b) {
  let e = 33 - Math.clz32(a), m = (2 * a + 1) / 2 ** e;
  if (m < Math.SQRT1_2) { m *= 2; e -= 1; }
  const s = (m - 1) / (m + 1), r = Math.sqrt(s * series(ATANH, s * s) * -4 + (33 - e) * (2 * Math.LN2));
  const x = (b | 0) * (Math.PI * 2 ** -33);
  let c = series(COS, x * x), d = x * series(SIN, x * x);
  for (let i = 0; i < 2; i++) [c, d] = [c * c - d * d, 2 * c * d];
  return [r * c, r * d];
}

const uniform = (a, b) => [(a >>> 8) * 2 ** -23 - 1, (b >>> 8) * 2 ** -23 - 1];
const below = (n) => (a) => [Math.floor((a * n) / 2 ** 32)];

function numbers(seed, stream, i, size, read, each) {  // `size` numbers of sample i, of which a word gives `each`
  const words = Math.ceil(size / each), found = [];
  let block;
  for (let w = i * words; w < (i + 1) * words; w++) {
    if (!block || w % 4 === 0) block = philox(seed, stream, 1 + Math.floor(w / 4));
    const word = block[w % 4];
    found.push(...read(Number(word & 0xffffffffn), Number(word >> 32n)));
  }
  return found.slice(0, size);
}

function inputs(latent, seed, i) {
  const z = numbers(seed, 1, i, latent.z_dim, latent.law === "normal" ? normal : uniform, 2);
  const [y] = latent.classes ? numbers(seed, 2, i, 1, below(latent.classes), 1) : [];
  const onehot = new Array(latent.categorical).fill(0);
  if (latent.categorical) onehot[numbers(seed, 3, i, 1, below(latent.categorical), 1)[0]] = 1;
  const c = [...onehot, ...numbers(seed, 4, i, latent.continuous, uniform, 2)];
  const pixels = latent.noise?.length ? latent.noise.reduce((a, b) => a * b) : 0;
  const noise = numbers(seed, 5, i, pixels, normal, 2);
  return { z: new Float32Array(z), y, c: new Float32Array(c), noise: new Float32Array(noise) };
}
