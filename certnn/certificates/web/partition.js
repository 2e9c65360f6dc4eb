"use strict";
// Proofs by a partition of weight space: how they are read, and written as integers.

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
    if (node > tree.length) throw rejected("the partition ends before it covers the space");
    return tree[node - 1];
  };
  for (let cone = 0; cone < 2 ** columns; cone += 1) {
    const open = [0]; // their depths, the next one last
    while (open.length > 0) {
      const [depth, code] = [open.pop(), next()];
      if (code === 0) {
        const w = witnesses.slice(leaf, leaf + columns);
        if (w.length < columns) throw rejected("a leaf has no witness");
        leaf += columns;
        integers.push(0, ...w);
        continue;
      }
      if (depth === DEEPEST_TREE || code > edges.length) {
        throw rejected("a tree of the partition is too deep, or splits no edge");
      }
      integers.push(1, ...edges[code - 1], next(), next());
      open.push(depth + 1, depth + 1);
    }
  }
  if (node < tree.length || leaf < witnesses.length) {
    throw rejected("the partition goes on after it covers the space");
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
    if (pivot < 0) throw rejected("the basis of the partition is singular");
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
