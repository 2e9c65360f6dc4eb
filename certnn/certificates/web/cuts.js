"use strict";
// Proofs by cuts: how they are read, and written as integers.

const LARGEST_SET = 12;
/** For each variable. */
const MOST_SLACKS = 16;

function readCuts(given, { n, c, columns }) {
  const keys = ["kind", "kappa", "Z", "slacks", "products", "sets", "weights", "L"];
  const proof = new Section("proof", given, keys);
  const slacks = new Section("slacks", proof.value("slacks"), ["target", "count", "point", "theta"]);
  const products = new Section("products", proof.value("products"), ["first", "second", "multiplier"]);
  const sets = new Section("sets", proof.value("sets"), ["count", "point", "form", "part"]);
  const order = n + columns + c;
  const supports = listsOf(slacks, n);
  if (supports.length > MOST_SLACKS * order) {
    throw slacks.wrong("count", `has more than ${MOST_SLACKS} slacks for each variable`);
  }
  const forms = 2 * n + supports.length;
  const count = Math.floor(products.bytes("multiplier", "<f8").length / 8);
  const first = products.indices("first", count, forms);
  const second = products.indices("second", count, forms);
  if (first.some((r, k) => r > second[k])) throw products.wrong("first", "must not be above second");
  const members = listsOf(sets, n);
  if (members.some((points) => points.length > LARGEST_SET)) {
    throw sets.wrong("count", `has a set of more than ${LARGEST_SET} points`);
  }
  const total = (sizeOf) => members.reduce((sum, { length: k }) => sum + sizeOf(k), 0);
  return {
    kappa: kappaOf(proof),
    Z: proof.doubles("Z", n * c),
    targets: slacks.indices("target", supports.length, n),
    supports,
    theta: slacks.doubles("theta", supports.flat().length),
    first,
    second,
    multipliers: products.doubles("multiplier", count),
    sets: members,
    forms: sets.doubles("form", total((k) => 2 * k * k)),
    parts: sets.doubles("part", total((k) => (2 ** k * k * (k - 1)) / 2)),
    weights: proof.doubles("weights", order),
    L: proof.doubles("L", (order * (order + 1)) / 2),
  };
}

/** Lists of indices: "count" has their lengths, "point" the indices of one after the other. */
function listsOf(section, below) {
  const counts = section.words("count");
  const points = section.indices("point", counts.reduce((sum, count) => sum + count, 0), below);
  let at = 0;
  return counts.map((count) => {
    at += count;
    return points.slice(at - count, at);
  });
}

function cutsWitness({ n, columns }, proof) {
  const integers = [1n << BigInt(proof.theta.bits), proof.targets.length];
  let at = 0;
  proof.targets.forEach((target, j) => {
    const multiples = [new Map(), new Map()]; // of a, and of b
    for (const k of proof.supports[j]) {
      const theta = proof.theta.entries[at];
      const row = multiples[theta < 0n ? 1 : 0];
      row.set(k, (row.get(k) ?? 0n) + absolute(theta));
      at += 1;
    }
    integers.push(target);
    appendSparse(integers, multiples);
  });
  const bits = Math.max(proof.multipliers.bits, proof.forms.bits, proof.parts.bits);
  integers.push(1n << BigInt(bits), proof.first.length);
  atBits(proof.multipliers, bits).forEach((y, k) => integers.push(proof.first[k], proof.second[k], y));
  integers.push(proof.sets.length);
  const [forms, parts] = [proof.forms, proof.parts].map((numbers) => atBits(numbers, bits).values());
  for (const points of proof.sets) appendSet(integers, points, forms, parts);
  append(integers, overUnit(proof.weights));
  integers.push(1n << BigInt(proof.L.bits));
  const entries = proof.L.entries.values();
  const rows = proof.weights.entries.map((_, i) => taken(entries, range(0, i + 1)));
  appendSparse(integers, rows);
  const count = 2 * n + proof.targets.length;
  return { integers, products: count * (n + columns) ** 2 + rows.length ** 3 / 6 };
}

/** Its points, its form, and for each choice of a or b at every point the nonnegative part. */
function appendSet(integers, points, forms, parts) {
  const k = points.length;
  integers.push(k, ...points);
  const form = range(0, 2 * k).map((r) => taken(forms, range(r, 2 * k).filter((s) => s !== r + k)));
  appendSparse(integers, form);
  for (let choice = 0; choice < 2 ** k; choice += 1) {
    appendSparse(integers, range(0, k).map((p) => taken(parts, range(p + 1, k))));
  }
}

const range = (start, stop) => Array.from({ length: Math.max(stop - start, 0) }, (_, i) => start + i);

/** A row that has the next entries at these columns. */
const taken = (entries, columns) => new Map(columns.map((j) => [j, entries.next().value]));
