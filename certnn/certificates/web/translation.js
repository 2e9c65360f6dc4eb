"use strict";
// From the JSON of a certificate to the line of integers that the checker reads, the same that
// certnn/certificates/extracted_checker.py writes. What a verdict is about is in `claimOf` and
// `claimedIntegers`; everything else is witness, and cannot make a false claim pass.

/** A larger one may need more stack than a worker has. */
const LARGEST_ORDER = 1500;
const MOST_COLUMNS = 23;
const DEEPEST_TREE = 400;
/** In the order of their numbers. */
const LOSSES = ["half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax"];
const BIASES = [false, true, "free"];
/** A free hidden bias may be this many times the largest norms, squared (Theorem 41). */
const REACH = 4096n;
const OTHER_KINDS = ["cuts", "phases", "cells", "regions", "groups"];
/** How each kind of proof is read, and written as integers; `products`: how many it takes about. */
const KINDS = new Map([
  ["psd", { head: "certnn-psd-2", read: readPsd, witness: psdWitness }],
  ["partition", { head: "certnn-partition-2", read: readPartition, witness: partitionWitness }],
]);

/** The claim of a certificate, the line for the checker, and about how many products that takes. */
function translated(text) {
  const top = topOf(parsedJson(text));
  const claim = claimOf(top);
  const given = top.value("proof");
  const name = given instanceof Map ? given.get("kind") : undefined;
  const kind = KINDS.get(name);
  if (OTHER_KINDS.includes(name)) throw unsupported(`proofs of the kind ${name}`);
  if (kind === undefined) throw malformed("proof.kind is not known");
  if (claim.n + claim.columns + claim.c > LARGEST_ORDER) {
    throw unsupported(`problems with n + d + c above ${LARGEST_ORDER}`);
  }
  const proof = kind.read(given, claim);
  const { integers, products } = kind.witness(claim, proof);
  const [X, Y] = [exactNumbers(claim.X), exactNumbers(claim.Y)];
  const [p, q] = [proof.kappa.entries[0], 1n << BigInt(proof.kappa.bits)];
  const units = [1n << BigInt(X.bits), 1n << BigInt(Y.bits)];
  const point = [...units, hiddenColumn(claim, X), ...overUnit(proof.Z), p, q];
  const words = [];
  for (const part of [claimedIntegers(claim), point, integers]) {
    for (const integer of part) words.push(integer.toString(16));
  }
  return { claim, line: `${kind.head} ${words.join(" ")}`, products };
}

const unsupported = (what) => new Refusal("unsupported", `this checker does not know ${what}`);

function topOf(parsed) {
  if (!(parsed instanceof Map)) throw malformed("not a JSON object");
  if (!parsed.has("about")) parsed.set("about", new Map()); // for people; never believed
  const keys = ["format", "version", "claim", "data", "proof", "about"];
  const top = new Section("certificate", parsed, keys);
  const format = top.text("format");
  if (format === "certnn-pattern-certificate") {
    throw unsupported("certificates about activation patterns");
  }
  if (format !== "certnn-certificate") throw malformed("the format is not certnn-certificate");
  if (top.size("version") !== 1) throw malformed("the version is not known, only 1");
  const about = top.value("about");
  if (!(about instanceof Map) || [...about.values()].some((text) => typeof text !== "string")) {
    throw malformed("about must be an object of strings");
  }
  return top;
}

function claimOf(top) {
  const given = top.value("claim");
  const optional = ["delta", "output_bias"].filter((key) => given instanceof Map && given.has(key));
  const keys = ["lower_bound", "n", "d", "c", "reg", "loss", "hidden_bias", ...optional];
  const claim = new Section("claim", given, keys);
  const data = new Section("data", top.value("data"), ["X", "Y"]);
  const [n, d, c] = [claim.size("n"), claim.size("d"), claim.size("c")];
  const loss = claim.text("loss");
  const delta = optional.includes("delta") ? claim.positive("delta") : null;
  const hiddenBias = claim.bias("hidden_bias");
  const outputBias = optional.includes("output_bias") ? claim.bias("output_bias") : false;
  const [X, Y, reg] = [data.bytes("X"), data.bytes("Y"), claim.positive("reg")];
  if (X.length !== 8 * n * d || Y.length !== 8 * n * c) {
    throw malformed("data: X or Y has the wrong length for its shape");
  }
  if (exactNumbers(X) === null || exactNumbers(Y) === null) {
    throw malformed("data: X or Y has a number that is not finite");
  }
  if (!LOSSES.includes(loss)) throw malformed("data: the loss is not known");
  if ((loss === "huber") !== (delta !== null)) throw malformed("data: delta is for huber alone");
  if (!targetsFit(loss, Y)) throw malformed("data: Y has a number that the loss does not allow");
  const [p, q] = claim.ratio("lower_bound");
  const columns = d + (hiddenBias === false ? 0 : 1);
  return { n, d, c, columns, p, q, reg, loss, delta, hiddenBias, outputBias, X, Y };
}

function targetsFit(loss, Y) {
  const targets = Array.from(new Float64Array(Y.buffer));
  if (["hinge", "squared-hinge", "logistic"].includes(loss)) {
    return targets.every((target) => Math.abs(target) === 1);
  }
  return loss !== "softmax" || targets.every((target) => target >= 0);
}

/** What the theorem is about; doubles by their bits. */
function claimedIntegers({ n, d, c, loss, delta, hiddenBias, outputBias, p, q, reg, X, Y }) {
  const ofLoss = [LOSSES.indexOf(loss), ...(delta === null ? [] : wordsOf(bytesOf(delta)))];
  const biases = [hiddenBias, outputBias].map((bias) => BIASES.indexOf(bias));
  return [n, d, c, ...ofLoss, ...biases, p, q, ...[bytesOf(reg), X, Y].flatMap(wordsOf)];
}

/** Of one double. */
function bytesOf(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, number, true);
  return bytes;
}

function wordsOf(bytes) {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigUint64(8 * i, true));
}

const overUnit = (numbers) => [1n << BigInt(numbers.bits), ...numbers.entries];

const kappaOf = (proof) => exactNumbers(bytesOf(proof.positive("kappa")));

/** The number in the column of a hidden bias: 1, or for a free one a power of two (Theorem 41). */
function hiddenColumn({ n, d, hiddenBias }, X) {
  if (hiddenBias !== "free") return 1n;
  let largest = 0n;
  for (let i = 0; i < n; i += 1) {
    const row = X.entries.slice(i * d, (i + 1) * d);
    const square = row.reduce((sum, entry) => sum + entry * entry, 0n);
    if (square > largest) largest = square;
  }
  const unit = 1n << BigInt(2 * X.bits);
  let column = 1n;
  while (column * column * unit < REACH * largest) column *= 2n;
  return column;
}

function readPsd(given, { n, c, columns }) {
  const keys = ["kind", "kappa", "Z", "products", "weights", "L_points", "L_cross", "L_corner"];
  const proof = new Section("proof", given, keys);
  const products = new Section("products", proof.value("products"), ["first", "second", "multiplier"]);
  const border = columns + c;
  const count = Math.floor(products.summands("multiplier")[0].length / 8);
  const first = products.indices("first", count, 2 * n);
  const second = products.indices("second", count, 2 * n);
  if (first.some((r, k) => r > second[k])) throw products.wrong("first", "must not be above second");
  const groups = connectedGroups(n, first.map((r, k) => [r % n, second[k] % n]));
  const triangle = (size) => (size * (size + 1)) / 2;
  const triangles = groups.reduce((sum, group) => sum + triangle(group.length), 0);
  return {
    first,
    second,
    groups,
    kappa: kappaOf(proof),
    Z: proof.sumOfDoubles("Z", n * c),
    multipliers: products.sumOfDoubles("multiplier", count),
    weights: proof.doubles("weights", n + border),
    points: proof.sumOfDoubles("L_points", triangles),
    cross: proof.sumOfDoubles("L_cross", border * n),
    corner: proof.sumOfDoubles("L_corner", triangle(border)),
  };
}

/** The connected components, each ascending, in the order of their smallest members. */
function connectedGroups(n, edges) {
  const parent = Array.from({ length: n }, (_, i) => i);
  const root = (i) => {
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  };
  for (const [i, j] of edges) {
    const [one, other] = [root(i), root(j)];
    parent[Math.max(one, other)] = Math.min(one, other);
  }
  const groups = new Map();
  for (let i = 0; i < n; i += 1) {
    if (!groups.has(root(i))) groups.set(root(i), []);
    groups.get(root(i)).push(i);
  }
  return [...groups.values()];
}

function psdWitness({ n, d, columns, c }, proof) {
  const integers = [1n << BigInt(proof.multipliers.bits)];
  for (const block of multiplierBlocks(n, proof)) appendSparse(integers, block);
  for (const integer of overUnit(proof.weights)) integers.push(integer);
  const { rows, bits } = factor(n, columns + c, proof);
  integers.push(1n << BigInt(bits));
  appendSparse(integers, rows);
  const widths = rows.map((row) => 1 + Math.max(-1, ...row.keys())).sort((a, b) => b - a);
  const squares = widths.reduce((sum, width, i) => sum + width * (i + 1), 0);
  return { integers, products: squares + 2 * d * n * n + 2 * rows.length ** 2 };
}

/** The multipliers of a_i·a_j, a_i·b_j and b_i·b_j; a negative one must not be lost in a sum. */
function multiplierBlocks(n, proof) {
  const blocks = [0, 1, 2].map(() => Array.from({ length: n }, () => new Map()));
  proof.multipliers.entries.forEach((y, k) => {
    const [r, s] = [proof.first[k], proof.second[k]];
    const row = blocks[(r >= n) + (s >= n)][r % n];
    const before = row.get(s % n) ?? 0n;
    const lowest = y < before ? y : before;
    row.set(s % n, lowest < 0n && s !== r + n ? lowest : before + y);
  });
  return blocks;
}

/** The rows of L over the variables (a, u, v), by column. */
function factor(n, border, proof) {
  const parts = [proof.points, proof.cross, proof.corner];
  const bits = Math.max(...parts.map((part) => part.bits));
  const [points, cross, corner] = parts.map((part) => atBits(part, bits));
  const rows = Array.from({ length: n + border }, () => new Map());
  const fill = (members, entries, start) => {
    let at = start;
    members.forEach((i, place) => {
      for (const j of members.slice(0, place + 1)) {
        rows[i].set(j, entries[at]);
        at += 1;
      }
    });
    return at;
  };
  let at = 0;
  for (const group of proof.groups) at = fill(group, points, at);
  cross.forEach((entry, k) => rows[n + Math.floor(k / n)].set(k % n, entry));
  fill(Array.from({ length: border }, (_, i) => n + i), corner, 0);
  return { rows, bits };
}

/** Of each row how many entries are not zero; then how many zeros come before each, and it. */
function appendSparse(integers, rows) {
  for (const row of rows) {
    for (const [j, entry] of row) if (entry === 0n) row.delete(j);
    const columns = [...row.keys()].sort((a, b) => a - b);
    integers.push(columns.length);
    columns.forEach((j, k) => integers.push(j - (k ? columns[k - 1] : -1) - 1, row.get(j)));
  }
}

function readPartition(given, { n, c, columns }) {
  const keys = ["kind", "kappa", "Z", "basis", "tree", "witnesses"];
  const proof = new Section("proof", given, keys);
  if (columns > MOST_COLUMNS) {
    throw malformed(`a partition is for at most ${MOST_COLUMNS} columns`);
  }
  return {
    kappa: kappaOf(proof),
    Z: proof.doubles("Z", n * c),
    basis: proof.doubles("basis", columns * columns),
    tree: proof.bytes("tree"),
    witnesses: proof.words("witnesses"),
  };
}

function partitionWitness({ n, columns, c }, { basis, tree, witnesses }) {
  const integers = [...overUnit(basis), ...inverseTransposed(basis, columns)];
  const edges = [];
  for (let i = 0; i < columns; i += 1) {
    for (let j = i + 1; j < columns; j += 1) edges.push([i, j]);
  }
  let [node, leaf] = [0, 0];
  const next = () => {
    node += 1;
    if (node > tree.length) throw new Refusal("rejected", "the partition ends before it covers the space");
    return tree[node - 1];
  };
  for (let cone = 0; cone < 2 ** columns; cone += 1) {
    const open = [0]; // their depths, the next one last
    while (open.length > 0) {
      const [depth, code] = [open.pop(), next()];
      if (code === 0) {
        const w = witnesses.slice(leaf, leaf + columns);
        if (w.length < columns) throw new Refusal("rejected", "a leaf has no witness");
        leaf += columns;
        integers.push(0, ...w);
        continue;
      }
      if (depth === DEEPEST_TREE || code > edges.length) {
        throw new Refusal("rejected", "a tree of the partition is too deep, or splits no edge");
      }
      integers.push(1, ...edges[code - 1], next(), next());
      open.push(depth + 1, depth + 1);
    }
  }
  if (node < tree.length || leaf < witnesses.length) {
    throw new Refusal("rejected", "the partition goes on after it covers the space");
  }
  return { integers, products: (leaf / columns) * n * columns * (columns + 4 * c) };
}

/** A unit and the rows of a matrix M with basis · Mᵀ = 1, by elimination without fractions. */
function inverseTransposed(basis, size) {
  const rows = Array.from({ length: size }, (_, i) => [
    ...basis.entries.slice(i * size, (i + 1) * size),
    ...Array.from({ length: size }, (_, j) => (i === j ? 1n << BigInt(basis.bits) : 0n)),
  ]);
  for (let k = 0; k < size; k += 1) {
    const pivot = rows.findIndex((row, i) => i >= k && row[k] !== 0n);
    if (pivot < 0) throw new Refusal("rejected", "the basis of the partition is singular");
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    rows.forEach((row, i) => {
      if (i === k || row[k] === 0n) return;
      const changed = row.map((entry, j) => entry * rows[k][k] - rows[k][j] * row[k]);
      const content = changed.reduce(greatestDivisor, 0n) || 1n;
      rows[i] = changed.map((entry) => entry / content);
    });
  }
  const inverse = rows.map((row, i) =>
    row.slice(size).map((entry) => {
      const divisor = greatestDivisor(entry, row[i]) * (row[i] < 0n ? -1n : 1n);
      return [entry / divisor, row[i] / divisor];
    }),
  );
  const unit = inverse.flat().reduce((lcm, [, q]) => (lcm / greatestDivisor(lcm, q)) * q, 1n);
  const places = Array.from({ length: size }, (_, i) => i);
  return [unit, ...places.flatMap((i) => places.map((j) => (inverse[j][i][0] * unit) / inverse[j][i][1]))];
}
