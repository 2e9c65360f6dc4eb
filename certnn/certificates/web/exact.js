"use strict";
// Exact numbers: BigInts over a power of two, and what is computed of them.

/** Doubles as BigInts over 2**bits, the least power of two that makes all whole; or null. */
function exactNumbers(bytes) {
  const view = new DataView(bytes.buffer);
  const count = bytes.length / 8;
  const [odd, exponents] = [new Float64Array(count), new Int32Array(count)];
  let bits = 0;
  for (let i = 0; i < count; i += 1) {
    const [low, high] = [view.getUint32(8 * i, true), view.getUint32(8 * i + 4, true)];
    const exponent = (high >>> 20) & 0x7ff;
    if (exponent === 0x7ff) return null;
    const upper = (high & 0xfffff) | (exponent === 0 ? 0 : 1 << 20);
    if (upper === 0 && low === 0) continue;
    const zeros = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(upper);
    odd[i] = ((upper * 2 ** 32 + low) / 2 ** zeros) * (high >>> 31 ? -1 : 1);
    exponents[i] = Math.max(exponent, 1) - 1075 + zeros;
    bits = Math.max(bits, -exponents[i]);
  }
  const entries = Array.from(odd, (m, i) => (m === 0 ? 0n : BigInt(m) << BigInt(exponents[i] + bits)));
  return { entries, bits };
}

const trailingZeros = (word) => 31 - Math.clz32(word & -word);

/** The numbers over a larger power of two. */
function atBits(numbers, bits) {
  const shift = BigInt(bits - numbers.bits);
  return shift === 0n ? numbers.entries : numbers.entries.map((entry) => entry << shift);
}

function exactSum(one, other) {
  const bits = Math.max(one.bits, other.bits);
  const others = atBits(other, bits);
  return { entries: atBits(one, bits).map((entry, i) => entry + others[i]), bits };
}

/** Numbers that are finite, as `exactNumbers` gives them. */
const exactOf = (numbers) => exactNumbers(new Uint8Array(Float64Array.from(numbers).buffer));

/** The number times 2**bits, rounded down. */
const shifted = (number, bits) => (bits >= 0 ? number << BigInt(bits) : number >> BigInt(-bits));

const absolute = (number) => (number < 0n ? -number : number);

/** Of its absolute value. */
function bitLength(number) {
  const digits = absolute(number).toString(16);
  return digits === "0" ? 0 : 4 * digits.length - Math.clz32(parseInt(digits[0], 16)) + 28;
}

/** The quotient, rounded down. */
function floorQuotient(number, divisor) {
  const quotient = number / divisor;
  return number < 0n !== divisor < 0n && quotient * divisor !== number ? quotient - 1n : quotient;
}

/** Of a positive number, rounded down. */
function squareRoot(number) {
  let root = 1n << BigInt((bitLength(number) + 1) >> 1);
  for (;;) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const inner = (one, other) => one.reduce((sum, entry, j) => sum + entry * other[j], 0n);

/**
 * Exponents e, and the rounded factor of diag(2**e) · S · diag(2**e), S being integers times
 * 2**exponent; or null if it does not prove S positive definite. As certnn/kernel/definite.py.
 */
function scaledFactor(S, exponent) {
  if (S.some((row, i) => row[i] <= 0n)) return null;
  const scales = S.map((row, i) => Math.floor((128 - bitLength(row[i]) - exponent) / 2));
  const shift = BigInt(S.length) << 65n;
  const rows = [];
  const before = []; // of each row the places left of the diagonal that are not zero
  for (let i = 0; i < S.length; i += 1) {
    const row = [];
    for (let j = 0; j < i; j += 1) {
      let entry = shifted(S[i][j], scales[i] + scales[j] + exponent);
      for (const k of before[j]) entry -= row[k] * rows[j][k];
      row.push(entry === 0n ? entry : floorQuotient(entry, rows[j][j]));
      if (absolute(row[j]) >> 65n) return null;
    }
    const pivot = shifted(S[i][i], 2 * scales[i] + exponent) - shift - inner(row, row);
    if (pivot <= 0n) return null;
    before.push([...row.keys()].filter((j) => row[j] !== 0n));
    rows.push([...row, squareRoot(pivot)]);
  }
  return { scales, rows };
}

/** Whether a symmetric matrix of integers is positive definite, by its minors where needed. */
function positiveDefinite(S) {
  if (scaledFactor(S, 0) !== null) return true;
  const rows = S.map((row) => [...row]);
  let previous = 1n;
  for (let k = 0; k < rows.length; k += 1) {
    const lead = rows[k][k];
    if (lead <= 0n) return false;
    for (const other of rows.slice(k + 1)) {
      const own = other[k];
      for (let j = k; j < rows.length; j += 1) other[j] = (other[j] * lead - own * rows[k][j]) / previous;
    }
    previous = lead;
  }
  return true;
}

function greatestDivisor(a, b) {
  let [one, other] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (other !== 0n) [one, other] = [other, one % other];
  return one;
}
