"use strict";
// Proofs by regions of weight space: how they are read, and written as integers. Where the file
// leaves out the factor of a leaf, one is computed.

function readRegions(given, problem) {
  const keys = ["kind", "kappa", "Z", "directions", "bounds", "splits", "mu"];
  keys.push("products", "balls", "weights", "L");
  const { proof, ball } = readWithBall(given, problem, keys, ["nu"]);
  const ofProducts = ["count", "first", "second", "multiplier"];
  const products = new Section("products", proof.value("products"), ofProducts);
  const balls = new Section("balls", proof.value("balls"), ["count", "form", "multiplier"]);
  const { n } = problem;
  const [first, second] = ["first", "second"].map((key) => products.indices(key, null, 2 * n));
  if (first.length !== second.length || first.some((r, k) => r > second[k])) {
    throw products.wrong("first", "must have as many numbers as second, none above");
  }
  return {
    ...readDirections(proof, problem),
    ball,
    splits: readSplits(proof, problem),
    arrays: {
      mu: proof.floats("mu"),
      nu: ball === null ? [] : proof.floats("nu"),
      counts: products.words("count"),
      first,
      second,
      multipliers: products.floats("multiplier"),
      ballCounts: balls.words("count"),
      balls: balls.indices("form", null, 2 * n),
      ballMultipliers: balls.floats("multiplier"),
      weights: proof.floats("weights"),
      L: proof.floats("L"),
    },
  };
}

function regionsWitness(problem, proof, X) {
  const dataBits = Math.max(X.bits, proof.ball ? proof.ball.bits : 0);
  const features = featureRows(problem, proof.ball, X, dataBits, hiddenColumn(problem, X));
  const given = provedDirections(proof, problem.c);
  const integers = [...ballIntegers(proof.ball, dataBits), 1n << BigInt(given.bits), given.rays.length];
  const leaves = new RegionLeaves(problem, proof, features, dataBits, given.bits);
  given.rays.forEach((ray, k) => {
    integers.push(...ray, given.heights[k]);
    leaves.appendTree(integers, ray, proof.bounds[k]);
  });
  leaves.requireEnd();
  append(integers, given.cones);
  const order = problem.n + features[0].length + 1;
  const products = leaves.ofFactors + 4 * leaves.count * problem.n * features[0].length * order;
  return { integers, products };
}

/** The leaves of the trees of regions, in their order. */
class RegionLeaves {
  constructor(problem, proof, features, dataBits, heightBits) {
    Object.assign(this, { problem, proof, features, dataBits, heightBits });
    this.columns = features[0].length;
    this.at = Object.fromEntries(Object.keys(proof.arrays).map((name) => [name, 0]));
    this.split = 0;
    this.count = 0;
    this.ofFactors = 0;
  }

  take(name, count) {
    const [numbers, start] = [this.proof.arrays[name], this.at[name]];
    if (start + count > numbers.length) throw rejected(`${name} end before the last leaf`);
    this.at[name] = start + count;
    return numbers.slice(start, start + count);
  }

  requireEnd() {
    if (this.split < this.proof.splits.length) throw rejected("the splits go on after the last leaf");
    for (const [name, at] of Object.entries(this.at)) {
      if (at < this.proof.arrays[name].length) throw rejected(`${name} go on after the last leaf`);
    }
  }

  /** The nodes in preorder: 0 and a leaf, or 1 and the point that is split. */
  appendTree(integers, ray, bound) {
    const { c } = this.problem;
    const { entries, bits } = this.proof.Z;
    const weights = this.features.map((_, i) => inner(entries.slice(i * c, (i + 1) * c), ray));
    const open = [new Map()];
    while (open.length > 0) {
      const signs = open.pop();
      const { splits } = this.proof;
      if (this.split === splits.length) throw rejected("the splits end before they cover the space");
      const point = splits[this.split];
      this.split += 1;
      if (point < 0) {
        integers.push(0);
        this.appendLeaf(integers, { entries: weights, bits }, bound, signs);
        continue;
      }
      if (signs.has(point)) throw rejected(`point ${point} is split where it is fixed`);
      integers.push(1, point);
      open.push(new Map([...signs, [point, 1]]), new Map([...signs, [point, -1]]));
    }
  }

  appendLeaf(integers, sigma, bound, signs) {
    this.count += 1;
    const { n } = this.problem;
    const [mu] = this.take("mu", 1);
    const [nu] = this.proof.ball === null ? [0] : this.take("nu", 1);
    const products = this.products();
    this.requireNonnegative(products, nu);
    const corner = exactOf([mu, nu]);
    // Multipliers are over 2**bits; all else is whole over that and the units of X with it.
    const bits = Math.max(
      products.multipliers.bits,
      products.partners.bits - this.dataBits,
      sigma.bits - this.dataBits,
      Math.max(corner.bits, this.heightBits) - 2 * this.dataBits,
      0,
    );
    integers.push(1n << BigInt(bits));
    const multipliers = atBits(products.multipliers, bits);
    for (const block of multiplierBlocks(n, products.first, products.second, multipliers)) {
      appendSparse(integers, block);
    }
    this.appendNormProducts(integers, products, bits + this.dataBits);
    append(integers, atBits(corner, bits + 2 * this.dataBits));
    const order = n - signs.size + this.columns + 1;
    if (this.proof.arrays.weights.length > 0 || this.proof.arrays.L.length > 0) {
      const weights = exactOf(this.take("weights", order));
      const L = exactOf(this.take("L", (order * (order + 1)) / 2));
      let at = 0;
      const rows = weights.entries.map((_, i) => {
        at += i + 1;
        return L.entries.slice(at - i - 1, at);
      });
      this.appendWitness(integers, signs, weights.entries, weights.bits, rows, L.bits);
      return;
    }
    const form = this.form(sigma, signs, products, exactOf([bound, mu, nu]), order);
    const found = scaledFactor(form.rows, -form.bits);
    if (found === null) throw rejected("the form of a leaf is not positive definite");
    const least = Math.min(...found.scales, 0);
    const weights = found.scales.map((scale) => 1n << BigInt(scale - least));
    this.appendWitness(integers, signs, weights, -least, found.rows, 0);
  }

  products() {
    const [count] = this.take("counts", 1);
    const [first, second] = [this.take("first", count), this.take("second", count)];
    const multipliers = exactOf(this.take("multipliers", count));
    const [ballCount] = this.take("ballCounts", 1);
    const balls = this.take("balls", ballCount);
    const partners = exactOf(this.take("ballMultipliers", ballCount * (this.columns + 1)));
    return { first, second, multipliers, balls, partners };
  }

  partner({ partners }, k, bits) {
    const size = this.columns + 1;
    const own = { entries: partners.entries.slice(k * size, (k + 1) * size), bits: partners.bits };
    return atBits(own, bits);
  }

  requireNonnegative(products, nu) {
    const { n } = this.problem;
    if (nu < 0) throw rejected("a multiplier of a free bias is negative");
    products.multipliers.entries.forEach((y, k) => {
      const [r, s] = [products.first[k], products.second[k]];
      if (y < 0n && !(r < n && s === r + n)) throw rejected("the multiplier of a product is negative");
    });
    products.balls.forEach((_, k) => {
      const vector = this.partner(products, k, products.partners.bits);
      let s = vector.pop();
      if (this.proof.ball !== null) s -= absolute(vector.pop());
      if (s < 0n || inner(vector, vector) > s * s) throw rejected("a product with the norm may be negative");
    });
  }

  /** Of the a, and then of the b, the vectors and the numbers, added up. */
  appendNormProducts(integers, products, bits) {
    const { n } = this.problem;
    const vectors = Array.from({ length: 2 * n }, () => new Map());
    const numbers = new Array(2 * n).fill(0n);
    products.balls.forEach((form, k) => {
      const vector = this.partner(products, k, bits);
      numbers[form] += vector.pop();
      this.turned(vector).forEach((entry, j) => vectors[form].set(j, (vectors[form].get(j) ?? 0n) + entry));
    });
    for (const start of [0, n]) {
      appendSparse(integers, vectors.slice(start, start + n));
      append(integers, numbers.slice(start, start + n));
    }
  }

  /** With the number beside u first, if there is one; in the file it is the last. */
  turned(columns) {
    return this.proof.ball === null ? columns : [columns[columns.length - 1], ...columns.slice(0, -1)];
  }

  /** w and L, with 1 and no entries for points that are fixed. */
  appendWitness(integers, signs, weights, weightBits, rows, factorBits) {
    const first = this.problem.n - signs.size;
    let free = 0;
    const places = this.features.map((_, i) => (signs.has(i) ? null : free++));
    const columns = Array.from({ length: this.columns }, (_, j) => first + j);
    places.push(...this.turned(columns), first + this.columns);
    integers.push(1n << BigInt(weightBits));
    append(integers, places.map((place) => (place === null ? 1 : weights[place])));
    integers.push(1n << BigInt(factorBits));
    const factor = places.map((place) => new Map(place === null ? [] : rows[place].entries()));
    appendSparse(integers, factor);
    this.ofFactors += productsOfRows(factor); // without the zeros, that are not appended
  }

  /** The matrix of the form of a leaf, over the a of points that are not fixed, u and its norm. */
  form(sigma, signs, products, corner, order) {
    const [n, D] = [this.problem.n, this.columns];
    const [start, data] = [order - D - 1, this.dataBits];
    const given = [products.multipliers.bits + 2 * data, products.partners.bits + data, sigma.bits + data];
    const bits = Math.max(...given, corner.bits);
    const rows = Array.from({ length: order }, () => new Array(order).fill(0n));
    const add = (one, other) => {
      for (const [i, p] of one) {
        for (const [j, q] of other) {
          rows[i][j] -= p * q;
          rows[j][i] -= p * q;
        }
      }
    };
    const forms = this.sparseForms(signs, start);
    const multipliers = atBits(products.multipliers, bits - 2 * data);
    multipliers.forEach((y, k) => {
      const first = forms[products.first[k]].map(([i, p]) => [i, p * y]);
      add(first, forms[products.second[k]]);
    });
    atBits(sigma, bits - data).forEach((weight, i) => add(forms[i], [[order - 1, weight]]));
    products.balls.forEach((form, k) => {
      const partner = this.partner(products, k, bits - data);
      add(forms[form], partner.map((entry, j) => [start + j, entry]));
    });
    const [height, mu, nu] = atBits(corner, bits);
    for (let j = 0; j < D; j += 1) {
      rows[start + j][start + j] += 2n * (j === D - 1 && this.proof.ball !== null ? nu : mu);
    }
    rows[order - 1][order - 1] += 2n * (height - mu - nu);
    return { rows, bits };
  }

  /** The a and the b, by places of the variables and entries over the unit of X. */
  sparseForms(signs, start) {
    const unit = 1n << BigInt(this.dataBits);
    let free = 0;
    const [a, b] = [[], []];
    this.features.forEach((row, i) => {
      const times = (factor) => row.map((entry, j) => [start + j, factor * entry]);
      if (signs.has(i)) {
        a.push(signs.get(i) > 0 ? times(1n) : []);
        b.push(signs.get(i) > 0 ? [] : times(-1n));
        return;
      }
      a.push([[free, unit]]);
      b.push([[free, unit], ...times(-1n)]);
      free += 1;
    });
    return [...a, ...b];
  }
}
