"use strict";
// What proofs by regions, phases and cells share: directions of the outputs, trees, and a ball.

/** The proof, and the ball that it may have for a free hidden bias; then it has `more`, too. */
function readWithBall(given, { d, hiddenBias }, keys, more) {
  if (!(given instanceof Map) || !given.has("ball")) {
    return { proof: new Section("proof", given, keys), ball: null };
  }
  const proof = new Section("proof", given, [...keys, "ball", ...more]);
  if (hiddenBias !== "free") throw proof.wrong("ball", "is for a free hidden bias");
  return { proof, ball: proof.doubles("ball", d + 1) };
}

function readDirections(proof, { n, c }) {
  if (c > MOST_COLUMNS) throw malformed(`directions are for at most ${MOST_COLUMNS} outputs`);
  return {
    kappa: kappaOf(proof),
    Z: proof.doubles("Z", n * c),
    directions: proof.bytes("directions"),
    bounds: proof.floats("bounds"),
  };
}

/** The trees of points, in preorder: -1 for a leaf. */
function readSplits(proof, { n }) {
  const splits = proof.integers("splits");
  if (splits.some((i) => i < -1 || i >= n)) throw proof.wrong("splits", "has a number that is no point");
  return splits;
}

/** 1, center and radius over 2**dataBits; or 0 where there is no ball. */
const ballIntegers = (ball, dataBits) => (ball === null ? [0] : [1, ...atBits(ball, dataBits)]);

/**
 * The points as rows over 2**bits: with the column of a hidden bias; or from the center of a ball,
 * beside its radius.
 */
function featureRows({ n, d, hiddenBias }, ball, X, bits, column) {
  const entries = atBits(X, bits);
  const rows = Array.from({ length: n }, (_, i) => entries.slice(i * d, (i + 1) * d));
  if (ball === null) {
    const unit = 1n << BigInt(bits);
    return hiddenBias === false ? rows : rows.map((row) => [...row, column * unit]);
  }
  const center = atBits(ball, bits);
  const radius = center[d];
  return rows.map((row) => {
    const moved = row.map((entry, j) => entry - center[j]);
    const outside = radius < 0n || inner(moved, moved) > radius * radius;
    if (outside) throw rejected("a point is outside of the ball");
    return [...moved, radius];
  });
}

/** The rays in the order of their bounds, these over 2**bits, and the integers of the cones. */
function provedDirections({ kappa, directions, bounds }, c) {
  if (bounds.some((bound) => bound <= 0)) throw rejected("a bound of a direction is not positive");
  const heights = exactOf(bounds);
  const numbers = new Map();
  const [rays, cones] = [[], []];
  for (const node of coneNodes(directions, c)) {
    if (node.split) {
      cones.push(1, ...node.split);
      continue;
    }
    for (const ray of node.cone) {
      if (numbers.has(ray.join())) continue;
      if (rays.length === bounds.length) throw rejected("the bounds end before the last direction");
      numbers.set(ray.join(), rays.length);
      rays.push(ray);
    }
    const members = node.cone.map((ray) => numbers.get(ray.join()));
    const { determinant, V } = solution(node.cone, members.map((k) => heights.entries[k]));
    const square = inner(V, V) << BigInt(2 * kappa.bits);
    if (square > (kappa.entries[0] * determinant) ** 2n << BigInt(2 * heights.bits)) {
      throw rejected("the bounds of a cone of directions do not prove kappa");
    }
    const sign = determinant > 0n ? 1n : -1n;
    cones.push(0, ...members, (sign * determinant) << BigInt(heights.bits), ...V.map((v) => sign * v));
  }
  if (rays.length < bounds.length) throw rejected("the bounds go on after the last direction");
  return { rays, heights: heights.entries, bits: heights.bits, cones };
}

/** The nodes in preorder: a split as the integers of its edge and its mediant, or a cone. */
function* coneNodes(tree, c) {
  const edges = [];
  for (let i = 0; i < c; i += 1) for (let j = i + 1; j < c; j += 1) edges.push([i, j]);
  let at = 0;
  const next = () => {
    if (at === tree.length) throw rejected("the directions end before they cover the outputs");
    at += 1;
    return tree[at - 1];
  };
  for (let choice = 0; choice < 2 ** c; choice += 1) {
    const sign = (i) => (Math.floor(choice / 2 ** (c - 1 - i)) % 2 ? -1n : 1n);
    const unit = (i) => Array.from({ length: c }, (_, j) => (i === j ? sign(i) : 0n));
    const open = [{ depth: 0, cone: Array.from({ length: c }, (_, i) => unit(i)) }];
    while (open.length > 0) {
      const [{ depth, cone }, code] = [open.pop(), next()];
      if (code === 0) {
        yield { cone };
        continue;
      }
      const [p, q] = [next(), next()];
      if (depth === DEEPEST_TREE || code > edges.length || p === 0 || q === 0) {
        throw rejected("a tree of the directions is too deep, or splits no edge");
      }
      const [i, j] = edges[code - 1];
      const mediant = cone[i].map((entry, k) => BigInt(p) * entry + BigInt(q) * cone[j][k]);
      yield { split: [i, j, p, q] };
      open.push({ depth: depth + 1, cone: cone.with(i, mediant) });
      open.push({ depth: depth + 1, cone: cone.with(j, mediant) });
    }
  }
  if (at < tree.length) throw rejected("the directions go on after they cover the outputs");
}

/** A determinant and V with rows · V = determinant · right, the rows being independent. */
function solution(rows, right) {
  const table = rows.map((row, i) => [...row, right[i]]);
  let previous = 1n;
  for (let k = 0; k < table.length; k += 1) {
    const pivot = table.findIndex((row, i) => i >= k && row[k] !== 0n);
    [table[k], table[pivot]] = [table[pivot], table[k]];
    const lead = table[k][k];
    table.forEach((other, i) => {
      if (i === k) return;
      table[i] = other.map((entry, j) => (entry * lead - other[k] * table[k][j]) / previous);
    });
    previous = lead;
  }
  return { determinant: previous, V: table.map((row) => row[table.length]) };
}
