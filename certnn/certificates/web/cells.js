"use strict";
// Proofs by cells of weight space: how they are read, and written as integers. The checker walks
// through the boxes itself, so that tree and codes are passed on as they are in the file.

const MOST_CELL_COLUMNS = 100;
const GRID_BITS = 26;
/** P may change a length by this share. */
const TURN_BITS = 30;

function readCells(given, problem) {
  const keys = ["kind", "kappa", "Z", "directions", "bounds", "rotation", "tree", "codes", "multipliers"];
  const { proof, ball } = readWithBall(given, problem, keys, []);
  const directions = readDirections(proof, problem);
  if (problem.columns > MOST_CELL_COLUMNS) {
    throw malformed(`cells are for at most ${MOST_CELL_COLUMNS} columns`);
  }
  const turned = ball === null ? problem.columns : problem.d;
  return {
    ...directions,
    ball,
    turned,
    rotation: proof.doubles("rotation", turned * turned),
    tree: proof.bytes("tree"),
    codes: proof.bytes("codes"),
    multipliers: proof.floats("multipliers", "<f4"),
  };
}

function cellsWitness(problem, proof, X) {
  const dataBits = Math.max(X.bits, proof.ball ? proof.ball.bits : 0);
  const features = featureRows(problem, proof.ball, X, dataBits, hiddenColumn(problem, X));
  const given = provedDirections(proof, problem.c);
  const D = features[0].length;
  const points = turnedPoints(features, dataBits, proof.rotation, proof.turned);
  // The number beside u is the first coordinate here, and the last one in the file.
  const order = Array.from({ length: D }, (_, j) => (j + proof.turned) % D);
  const integers = [...ballIntegers(proof.ball, dataBits), ...overUnit(proof.rotation)];
  integers.push(...ratioOf(points.exponent + dataBits + proof.rotation.bits + TURN_BITS));
  for (const row of points.rows) for (const j of order) integers.push(row[j]);
  integers.push(1n << BigInt(given.bits), given.rays.length);
  given.rays.forEach((ray, k) => {
    const { entries } = proof.Z;
    const sums = features.map((_, i) => inner(entries.slice(i * problem.c, (i + 1) * problem.c), ray));
    const weights = roundedRows(sums.map((sum) => [sum]), -proof.Z.bits);
    const level = levelOf(points, weights, sums, given.heights[k], given.bits);
    if (level <= 0n) throw rejected("the bound of a direction is lost in rounding");
    integers.push(...ray, given.heights[k], ...ratioOf(weights.exponent + proof.Z.bits));
    append(integers, weights.rows.flat());
    integers.push(level);
  });
  append(integers, given.cones);
  integers.push(proof.tree.length);
  for (const node of proof.tree) {
    if (node > 2 * D) throw rejected("a box is split in a coordinate that is not there");
    const place = order.indexOf((node - 1) % D);
    integers.push(node === 0 ? 0 : 1 + (node > D ? D : 0) + place);
  }
  integers.push(proof.codes.length);
  append(integers, proof.codes);
  const leaves = appendLeafMultipliers(integers, proof.multipliers, order);
  const ofLeaf = problem.n * (25 + 35 * D + D ** 2 / 2) + D ** 3;
  const products = 3 * proof.tree.length * problem.n * D + leaves * ofLeaf;
  return { integers, products };
}

/** 1 over a unit, which is 2**exponent, as two integers. */
const ratioOf = (exponent) => [1n << BigInt(Math.max(-exponent, 0)), 1n << BigInt(Math.max(exponent, 0))];

/** The points in the coordinates y with u = Py, rounded; P has to change lengths hardly. */
function turnedPoints(features, dataBits, rotation, size) {
  const P = Array.from({ length: size }, (_, i) => rotation.entries.slice(i * size, (i + 1) * size));
  const columns = P.map((_, j) => P.map((row) => row[j]));
  const whole = 1n << BigInt(2 * rotation.bits);
  for (const [sign, least] of [[1n, (1n << 30n) - 1n], [-1n, (1n << 30n) + 2n]]) {
    const excess = columns.map((p, i) =>
      columns.map((q, j) => sign * ((inner(p, q) << 30n) - (i === j ? least * whole : 0n))),
    );
    if (!positiveDefinite(excess)) throw rejected("the rotation changes a length");
  }
  const bits = rotation.bits + TURN_BITS;
  const rows = features.map((row) => [
    ...columns.map((p) => inner(p, row) << BigInt(TURN_BITS)),
    ...row.slice(size).map((radius) => (radius * ((1n << 30n) + 1n)) << BigInt(rotation.bits)),
  ]);
  return roundedRows(rows, -dataBits - bits);
}

/** The entries, in units of 2**exponent, rounded to 26 bits of the longest. */
function roundedRows(rows, exponent) {
  const longest = rows.flat().reduce((most, entry) => (absolute(entry) > most ? absolute(entry) : most), 0n);
  const shift = bitLength(longest) - GRID_BITS;
  const half = shift > 0 ? 1n << BigInt(shift - 1) : 0n;
  const rounded = rows.map((row) => row.map((entry) => shifted(entry + half, -shift)));
  return { rows: rounded, exponent: longest === 0n ? 0 : exponent + shift };
}

/** The bound of a direction less what rounding may change (Theorem 52(b)). */
function levelOf(points, weights, sums, height, heightBits) {
  let lost = 0n;
  points.rows.forEach((row, i) => {
    if (sums[i] === 0n) return;
    lost += row.reduce((sum, entry) => sum + absolute(entry), 0n);
    lost += (absolute(weights.rows[i][0]) + 1n) * BigInt(row.length);
  });
  const unit = points.exponent + weights.exponent + heightBits + TURN_BITS;
  return shifted(height * ((1n << 30n) - 1n), -unit) - ((lost + 1n) >> 1n);
}

/** How many leaves they are for; for each a unit, the sides in the order, and the sphere. */
function appendLeafMultipliers(integers, numbers, order) {
  const size = order.length + 1;
  if (numbers.length % size !== 0) throw rejected("the multipliers end in the middle of a leaf");
  integers.push(numbers.length / size);
  for (let start = 0; start < numbers.length; start += size) {
    const { entries, bits } = exactOf(numbers.slice(start, start + size));
    integers.push(1n << BigInt(bits), ...order.map((j) => entries[j]), entries[size - 1]);
  }
  return numbers.length / size;
}
