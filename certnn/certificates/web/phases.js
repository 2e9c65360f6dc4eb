"use strict";
// Proofs by phases: how they are read, and written as integers.

const MOST_PHASES_COLUMNS = 256;

function readPhases(given, problem) {
  const keys = ["kind", "kappa", "Z", "directions", "bounds", "splits", "pairs", "multipliers"];
  const proof = new Section("proof", given, keys);
  const pairs = new Section("pairs", proof.value("pairs"), ["count", "first", "second", "sign", "ratio"]);
  const directions = readDirections(proof, problem);
  if (problem.columns > MOST_PHASES_COLUMNS) {
    throw malformed(`phases are for at most ${MOST_PHASES_COLUMNS} columns`);
  }
  const counts = pairs.words("count");
  if (counts.length !== directions.bounds.length) throw pairs.wrong("count", "must have one for each bound");
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [first, second] = ["first", "second"].map((key) => pairs.indices(key, total, problem.n));
  const [signs, ratios] = [pairs.integers("sign"), pairs.floats("ratio")];
  if (signs.length !== total || ratios.length !== total) {
    throw pairs.wrong("ratio", `and sign must have ${total} numbers`);
  }
  if (signs.some((sign) => Math.abs(sign) !== 1)) {
    throw pairs.wrong("sign", "has a number that is not 1 or -1");
  }
  const ofPairs = { counts, first, second, signs, ratios, multipliers: proof.floats("multipliers", "<f4") };
  return { ...directions, ...ofPairs, splits: readSplits(proof, problem) };
}

function phasesWitness(problem, proof, X) {
  const features = featureRows(problem, null, X, X.bits, hiddenColumn(problem, X));
  const given = provedDirections(proof, problem.c);
  const integers = [1n << BigInt(given.bits), given.rays.length];
  const read = { splits: 0, pairs: 0, multipliers: 0, leaves: 0 };
  given.rays.forEach((ray, k) => {
    integers.push(...ray, given.heights[k]);
    const direction = new PhasesDirection(problem, proof, features, ray, k, given.bits, read);
    direction.appendPairs(integers);
    direction.appendTree(integers);
  });
  if (read.splits < proof.splits.length) throw rejected("the splits go on after the last leaf");
  if (read.multipliers < proof.multipliers.length) throw rejected("the multipliers go on after the last leaf");
  append(integers, given.cones);
  const terms = problem.n + proof.first.length / given.rays.length;
  return { integers, products: read.leaves * terms * features[0].length ** 2 };
}

/** A direction, its pairs, and the leaves of its tree; `read` says how far the arrays are read. */
class PhasesDirection {
  constructor(problem, proof, features, ray, k, heightBits, read) {
    const { entries, bits } = proof.Z;
    const sigma = features.map((_, i) => inner(entries.slice(i * problem.c, (i + 1) * problem.c), ray));
    const count = proof.counts[k];
    const own = Array.from({ length: count }, (_, j) => read.pairs + j);
    read.pairs += count;
    const ratios = exactOf(own.map((j) => proof.ratios[j]));
    const pairs = own.map((j, place) => {
      const [sign, ratio] = [proof.signs[j], ratios.entries[place]];
      const pair = { i: proof.first[j], j: proof.second[j], sign, ratio };
      if (ratio <= 0n) throw rejected("a ratio of a pair is not positive");
      if (!(sigma[pair.i] > 0n && sigma[pair.j] < 0n)) {
        throw rejected("a pair does not join a positive weight to a negative one");
      }
      return pair;
    });
    const height = exactOf([proof.bounds[k]]);
    // Each constant is rounded up to a multiple of two to this: 2^-64 times a power of two near h.
    const gammaExponent = bitLength(height.entries[0]) - height.bits - 1 - 64;
    Object.assign(this, { proof, features, sigma, sigmaBits: bits, pairs, ratioBits: ratios.bits });
    Object.assign(this, { heightBits, gammaExponent, read });
  }

  appendPairs(integers) {
    integers.push(this.pairs.length);
    for (const { i, j, sign, ratio } of this.pairs) {
      integers.push(i, j, 1n << BigInt(this.ratioBits), BigInt(sign) * ratio);
    }
  }

  /** The nodes in preorder: 0 and a leaf, or 1 and the point that is split. */
  appendTree(integers) {
    const open = [new Map()];
    while (open.length > 0) {
      const signs = open.pop();
      const { splits } = this.proof;
      if (this.read.splits === splits.length) throw rejected("the splits end before they cover the space");
      const point = splits[this.read.splits];
      this.read.splits += 1;
      if (point < 0) {
        integers.push(0);
        this.appendLeaf(integers, signs);
        continue;
      }
      if (signs.has(point) || this.sigma[point] <= 0n) throw rejected("a point is split where it is not mixed");
      integers.push(1, point);
      open.push(new Map([...signs, [point, 1]]), new Map([...signs, [point, -1]]));
    }
  }

  /** The multipliers of the leaf, as integers over 2**bits. */
  taken(count) {
    const { multipliers } = this.proof;
    const start = this.read.multipliers;
    if (start + count > multipliers.length) throw rejected("the multipliers end before the last leaf");
    this.read.multipliers += count;
    const numbers = exactOf(multipliers.slice(start, start + count));
    const bits = Math.max(numbers.bits, this.sigmaBits - this.ratioBits);
    const [mu, ...rest] = atBits(numbers, bits);
    if (rest.some((multiplier) => multiplier < 0n)) throw rejected("a multiplier is negative");
    return { mu, rest: rest.values(), bits };
  }

  appendLeaf(integers, signs) {
    this.read.leaves += 1;
    const products = this.products(signs);
    const members = this.sigma.filter((weight) => weight !== 0n).length;
    const free = this.pairs.filter(({ i }) => !signs.has(i)).length;
    const { mu, rest, bits } = this.taken(1 + 2 * members - signs.size + 2 * free + products.length);
    const next = () => rest.next().value;
    const least = Math.max(this.heightBits, this.sigmaBits, -this.gammaExponent);
    const fine = Math.max(bits + 2 * this.ratioBits + 1, least);
    const shift = fine - bits;
    const points = this.sigma.map((weight, i) => {
      if (weight === 0n) return [0n, 0n, 0n];
      if (signs.has(i)) return [this.fixedSlope(i, signs.get(i), next(), fine, shift), 0n, 0n];
      const [one, other] = [next(), next()];
      if (weight < 0n) return [-shifted(one, shift), -shifted(other, shift), 0n];
      return [shifted(one, shift - 1), shifted(other, shift), this.gamma(one, other, bits, fine)];
    });
    const pairs = this.pairs.map(({ i }) => {
      if (signs.has(i)) return [0n, 0n, 0n];
      const [pi, alpha] = [next(), next()];
      const [slope, curvature] = [shift - this.ratioBits - 1, shift - 2 * this.ratioBits];
      return [shifted(pi, slope), shifted(alpha, curvature), this.gamma(pi, alpha, bits, fine)];
    });
    integers.push(1n << BigInt(fine), shifted(mu, shift));
    for (const quadratics of [points, pairs]) {
      for (let kind = 0; kind < 3; kind += 1) append(integers, quadratics.map((quadratic) => quadratic[kind]));
    }
    const factors = products.map(([i, j, sign]) => [i, j, BigInt(sign) * shifted(next(), shift)]);
    const given = factors.filter(([, , factor]) => factor !== 0n);
    integers.push(given.length, ...given.flat());
  }

  /** The fixed points i < j whose product is negative by its signs, and the product of these. */
  products(signs) {
    const fixed = [...signs.keys()].sort((i, j) => i - j);
    const found = [];
    fixed.forEach((i, place) => {
      for (const j of fixed.slice(place + 1)) {
        const sign = signs.get(i) * signs.get(j);
        if (BigInt(sign) * inner(this.features[i], this.features[j]) < 0n) found.push([i, j, sign]);
      }
    });
    return found;
  }

  fixedSlope(i, sign, multiplier, fine, shift) {
    const weight = sign > 0 ? shifted(this.sigma[i], fine - this.sigmaBits) : 0n;
    return weight + BigInt(sign) * shifted(multiplier, shift);
  }

  /** The constant of a term, which has to have both multipliers or none. */
  gamma(pi, alpha, bits, fine) {
    if (pi > 0n !== alpha > 0n) throw rejected("a term has only one of its two multipliers");
    if (alpha === 0n) return 0n;
    const shift = -4 - this.gammaExponent - bits;
    const [up, down] = [shift, -shift].map((bits) => BigInt(Math.max(0, bits)));
    const quotient = -floorQuotient(-((pi * pi) << up), alpha << down); // rounded up
    return shifted(quotient, fine + this.gammaExponent);
  }
}
