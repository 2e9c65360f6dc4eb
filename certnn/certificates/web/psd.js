"use strict";
// Proofs by a positive semidefinite matrix: how they are read, and written as integers.

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
  const { first, second, multipliers } = proof;
  const blocks = multiplierBlocks(n, first, second, multipliers.entries);
  for (const block of blocks) appendSparse(integers, block);
  for (const integer of overUnit(proof.weights)) integers.push(integer);
  const { rows, bits } = factor(n, columns + c, proof);
  integers.push(1n << BigInt(bits));
  appendSparse(integers, rows);
  return { integers, products: productsOfRows(rows) + 2 * d * n * n + 2 * rows.length ** 2 };
}

/** About how many products the checker makes of the rows of a factor, of which it skips the zeros. */
function productsOfRows(rows) {
  const [order, sizes] = [rows.length, rows.map((row) => row.size)];
  return sizes.reduce((sum, size, i) => sum + size * (8 * size <= order ? order : (i + 1) / 2), 0);
}

/** The multipliers of a_i·a_j, a_i·b_j and b_i·b_j; a negative one must not be lost in a sum. */
function multiplierBlocks(n, first, second, multipliers) {
  const blocks = [0, 1, 2].map(() => Array.from({ length: n }, () => new Map()));
  multipliers.forEach((y, k) => {
    const [r, s] = [first[k], second[k]];
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
