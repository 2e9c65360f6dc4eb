"use strict";
// From the JSON of a certificate to the line of integers that the checker reads, the same that
// certnn/certificates/extracted_checker.py writes. What a verdict is about is in `claimOf` and
// `claimedIntegers`; everything else is witness, and cannot make a false claim pass.

/** A larger one may need more stack than a worker has. */
const LARGEST_ORDER = 1500;
/** Of a partition, and outputs of directions. */
const MOST_COLUMNS = 23;
const DEEPEST_TREE = 400;
/** In the order of their numbers. */
const LOSSES = ["half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax"];
const BIASES = [false, true, "free"];
/** A free hidden bias may be this many times the largest norms, squared (Theorem 41). */
const REACH = 4096n;
/** How each kind of proof is read, and written as integers; in the order of their numbers. */
const KINDS = new Map([
  ["psd", { read: readPsd, witness: psdWitness }],
  ["partition", { read: readPartition, witness: partitionWitness }],
  ["regions", { read: readRegions, witness: regionsWitness }],
  ["cells", { read: readCells, witness: cellsWitness }],
  ["cuts", { read: readCuts, witness: cutsWitness }],
  ["phases", { read: readPhases, witness: phasesWitness }],
]);

/**
 * The claim of a certificate, the line for the checker, and about how many products that takes.
 *
 * `arrays` has the members of a container, by their names.
 */
function translated(text, arrays = null) {
  const parsed = parsedJson(text, arrays);
  if (arrays !== null && arrays.size > 0) {
    throw malformed("the zip file has a member that the certificate does not speak of");
  }
  const top = topOf(parsed);
  const claim = claimOf(top);
  const given = top.value("proof");
  const grouped = given instanceof Map && given.get("kind") === "groups";
  const proved = grouped ? readGroups(given, claim) : readAlone(given, claim);
  const { integers, products } = (grouped ? groupsWitness : aloneWitness)(claim, proved);
  const words = [];
  for (const part of [claimedIntegers(claim), integers]) {
    for (const integer of part) words.push(integer.toString(16));
  }
  const head = grouped ? "groups" : proved.name;
  return { claim, line: `certnn-${head}-2 ${words.join(" ")}`, products };
}

const unsupported = (what) => new Refusal("unsupported", `this checker does not know ${what}`);

const rejected = (reason) => new Refusal("rejected", reason);

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
  const [X, Y, reg] = [data.bytes("X", "<f8"), data.bytes("Y", "<f8"), claim.positive("reg")];
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

/** The name and the content of a proof that is not of groups. */
function readAlone(given, problem) {
  const name = given instanceof Map ? given.get("kind") : undefined;
  const kind = KINDS.get(name);
  if (kind === undefined) throw malformed("proof.kind is not known");
  if (problem.n + problem.columns + problem.c > LARGEST_ORDER) {
    throw unsupported(`problems with n + d + c above ${LARGEST_ORDER}`);
  }
  return { name, proof: kind.read(given, problem) };
}

/** A dual point, and the proof of its dual norm. */
function aloneWitness(problem, { name, proof }) {
  const [X, Y] = [exactNumbers(problem.X), exactNumbers(problem.Y)];
  const dataBits = Math.max(X.bits, proof.ball ? proof.ball.bits : 0);
  const integers = [1n << BigInt(dataBits), 1n << BigInt(Y.bits), hiddenColumn(problem, X)];
  append(integers, overUnit(proof.Z));
  integers.push(proof.kappa.entries[0], 1n << BigInt(proof.kappa.bits));
  const { integers: its, products } = KINDS.get(name).witness(problem, proof, X);
  append(integers, its);
  return { integers, products };
}

function append(integers, more) {
  for (const integer of more) integers.push(integer);
}

const overUnit = (numbers) => [1n << BigInt(numbers.bits), ...numbers.entries];

const kappaOf = (proof) => exactNumbers(bytesOf(proof.positive("kappa")));

/** The number in the column of a hidden bias: 1, or for a free one a power of two (Theorem 41). */
function hiddenColumn({ n, d, hiddenBias }, X) {
  if (hiddenBias !== "free") return 1n;
  let largest = 0n;
  for (let i = 0; i < n; i += 1) {
    const row = X.entries.slice(i * d, (i + 1) * d);
    const square = inner(row, row);
    if (square > largest) largest = square;
  }
  const unit = 1n << BigInt(2 * X.bits);
  let column = 1n;
  while (column * column * unit < REACH * largest) column *= 2n;
  return column;
}

/** The parts, each with its problem; the data of each are rows of the whole's. */
function readGroups(given, claim) {
  const parts = new Section("proof", given, ["kind", "parts"]).value("parts");
  if (!Array.isArray(parts) || parts.length === 0) throw malformed("proof.parts must be a list of parts");
  const keys = ["points", "reg", "lower_bound", "proof"];
  const groups = parts.map((part, k) => new Section(`parts[${k}]`, part, keys));
  const members = groups.map((group) => {
    const points = group.indices("points", null, claim.n);
    if (points.length === 0 || points.some((i, k) => k > 0 && i <= points[k - 1])) {
      throw group.wrong("points", "must have one index or more, ascending");
    }
    return points;
  });
  const [shares, claims] = ["reg", "lower_bound"].map((key) => groups.map((group) => group.positive(key)));
  const found = groups.map((group, k) => {
    const points = members[k];
    const [X, Y] = [rowsOf(claim.X, 8 * claim.d, points), rowsOf(claim.Y, 8 * claim.c, points)];
    const problem = { ...claim, n: points.length, reg: shares[k], X, Y };
    return { points, problem, bound: claims[k], alone: readAlone(group.value("proof"), problem) };
  });
  if (new Set(members.flat()).size < members.flat().length) throw rejected("a point is in two groups");
  const [whole, ...exact] = exactOf([claim.reg, ...shares]).entries;
  if (exact.reduce((sum, share) => sum + share) > whole) {
    throw rejected("the shares of the groups come to more than reg");
  }
  return found;
}

function rowsOf(bytes, size, points) {
  const rows = new Uint8Array(size * points.length);
  points.forEach((i, k) => rows.set(bytes.subarray(size * i, size * (i + 1)), size * k));
  return rows;
}

/** How many, for each point its group or -1, and the parts. */
function groupsWitness({ n }, groups) {
  const labels = new Array(n).fill(-1);
  groups.forEach(({ points }, k) => points.forEach((i) => (labels[i] = k)));
  const bounds = exactOf(groups.map(({ bound }) => bound));
  const integers = [groups.length, ...labels, 1n << BigInt(bounds.bits)];
  const numbers = [...KINDS.keys()];
  let products = 0;
  groups.forEach(({ problem, alone }, k) => {
    integers.push(...wordsOf(bytesOf(problem.reg)), bounds.entries[k], numbers.indexOf(alone.name));
    const own = aloneWitness(problem, alone);
    append(integers, own.integers);
    products += own.products;
  });
  return { integers, products };
}
