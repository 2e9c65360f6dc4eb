"use strict";
// The strict JSON of a certificate, and the arrays in it, as certnn/kernel/document.py reads them.

/** Why there is no proof: `verdict` is "malformed", "rejected" or "unsupported". */
class Refusal extends Error {
  constructor(verdict, reason) {
    super(reason);
    this.verdict = verdict;
  }
}

const malformed = (reason) => new Refusal("malformed", reason);
const MOST_PARTS = 1 << 16;
const MOST_SUMMANDS = 32;
const DEEPEST_NESTING = 100;
const NUMBER = /(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
const WORDS = new Map([["true", true], ["false", false], ["null", null]]);

/** The value of a JSON text: objects are Maps, whole numbers BigInts, others Numbers. */
function parsedJson(text) {
  let parts = 0;
  for (const mark of ",[{") {
    for (let i = text.indexOf(mark); i >= 0; i = text.indexOf(mark, i + 1)) {
      parts += 1;
      if (parts > MOST_PARTS) throw malformed(`more than ${MOST_PARTS} commas and opening brackets`);
    }
  }
  let at = 0;

  const wrong = () => malformed(`not JSON: at character ${at}`);
  const skipSpace = () => {
    while (" \t\n\r".includes(text[at] || "?")) at += 1;
  };
  const skips = (mark) => {
    skipSpace();
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };

  function string() {
    skipSpace();
    const start = at;
    if (text[at] !== '"') throw wrong();
    for (;;) {
      at = text.indexOf('"', at + 1);
      if (at < 0) throw malformed("not JSON: a string without end");
      let slashes = 0;
      while (text[at - 1 - slashes] === "\\") slashes += 1;
      if (slashes % 2 === 0) break;
    }
    at += 1;
    try {
      return JSON.parse(text.slice(start, at));
    } catch {
      throw wrong();
    }
  }

  function object(depth) {
    const found = new Map();
    if (skips("}")) return found;
    do {
      const key = string();
      if (found.has(key)) throw malformed("a key is given twice");
      if (!skips(":")) throw wrong();
      found.set(key, value(depth));
    } while (skips(","));
    if (!skips("}")) throw wrong();
    return found;
  }

  function list(depth) {
    const found = [];
    if (skips("]")) return found;
    do found.push(value(depth));
    while (skips(","));
    if (!skips("]")) throw wrong();
    return found;
  }

  function value(depth) {
    if (depth > DEEPEST_NESTING) throw malformed("nested too deeply");
    if (skips("{")) return object(depth + 1);
    if (skips("[")) return list(depth + 1);
    if (text[at] === '"') return string();
    for (const [word, meaning] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text);
    if (number === null) throw wrong();
    at = NUMBER.lastIndex;
    if (number[2] !== "") return Number(number[0]);
    if (number[1].length > 10) throw malformed("an integer is too long");
    return BigInt(number[1]);
  }

  const whole = value(0);
  skipSpace();
  if (at !== text.length) throw wrong();
  return whole;
}

/** One JSON object with exactly the keys that its reader knows. */
class Section {
  constructor(name, value, keys) {
    if (!(value instanceof Map)) throw malformed(`${name} must be an object`);
    const missing = keys.find((key) => !value.has(key));
    if (missing !== undefined) throw malformed(`${name} lacks ${missing}`);
    if (value.size > keys.length) throw malformed(`${name} has a key that is not known`);
    this.name = name;
    this.values = value;
  }

  wrong(key, what) {
    return malformed(`${this.name}.${key} ${what}`);
  }

  value(key) {
    return this.values.get(key);
  }

  text(key) {
    const value = this.value(key);
    if (typeof value !== "string") throw this.wrong(key, "must be a string");
    return value;
  }

  /** false, true or "free". */
  bias(key) {
    const value = this.value(key);
    if (typeof value === "boolean" || value === "free") return value;
    throw this.wrong(key, "must be true, false or free");
  }

  size(key) {
    const value = this.value(key);
    if (typeof value !== "bigint" || value < 1n || value >= 1n << 31n) {
      throw this.wrong(key, "must be a positive integer");
    }
    return Number(value);
  }

  positive(key) {
    const value = this.value(key);
    if (typeof value !== "number" || !(value > 0 && value < Infinity)) {
      throw this.wrong(key, "must be a positive number with a decimal point");
    }
    return value;
  }

  /** The numerator and the denominator of a fraction in lowest terms. */
  ratio(key) {
    const found = /^(0|[1-9][0-9]{0,599})\/([1-9][0-9]{0,599})$/.exec(this.text(key));
    if (found === null) throw this.wrong(key, 'must be "p/q" with p >= 0 and q > 0');
    const [p, q] = [BigInt(found[1]), BigInt(found[2])];
    const divisor = greatestDivisor(p, q);
    return [p / divisor, q / divisor];
  }

  bytes(key) {
    return this.decoded(key, this.text(key));
  }

  summands(key) {
    const texts = this.value(key);
    if (!Array.isArray(texts)) return [this.bytes(key)];
    const strings = texts.every((text) => typeof text === "string");
    if (texts.length < 1 || texts.length > MOST_SUMMANDS || !strings) {
      throw this.wrong(key, "must be a string or a list of strings");
    }
    return texts.map((text) => this.decoded(key, text));
  }

  decoded(key, text) {
    const bytes = decodedBase64(text);
    if (bytes === null) throw this.wrong(key, "is not base64");
    return bytes;
  }

  /** Little-endian doubles: so many finite numbers, exactly. */
  doubles(key, count) {
    return this.exactly(key, this.bytes(key), count);
  }

  /** The same, or the exact sum of a list of such arrays. */
  sumOfDoubles(key, count) {
    return this.summands(key).map((bytes) => this.exactly(key, bytes, count)).reduce(exactSum);
  }

  exactly(key, bytes, count) {
    const numbers = bytes.length === 8 * count ? exactNumbers(bytes) : null;
    if (numbers === null) throw this.wrong(key, `must be ${count} finite numbers of 8 bytes`);
    return numbers;
  }

  /** Little-endian unsigned integers of 32 bits. */
  words(key) {
    const bytes = this.bytes(key);
    if (bytes.length % 4 !== 0) throw this.wrong(key, "must have integers of 4 bytes");
    const view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  }

  indices(key, count, below) {
    const words = this.words(key);
    if (words.length !== count) throw this.wrong(key, `must have ${count} integers of 4 bytes`);
    if (words.some((word) => word >= below)) throw this.wrong(key, "has an index that is too large");
    return words;
  }
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGIT_OF = new Int16Array(128).fill(-1);
for (let i = 0; i < 64; i += 1) DIGIT_OF[DIGITS.charCodeAt(i)] = i;

/** The bytes, or null if the text is not what an encoder writes of any. */
function decodedBase64(text) {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  if (text.length % 4 !== 0) return null;
  const bytes = new Uint8Array((3 * text.length) / 4 - padding);
  let [held, bits, count] = [0, 0, 0];
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? DIGIT_OF[code] : -1;
    if (digit < 0) return null;
    held = ((held << 6) | digit) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[count] = held >> bits;
      count += 1;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null; // no bit is left that an encoder drops
}

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

function greatestDivisor(a, b) {
  let [one, other] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (other !== 0n) [one, other] = [other, one % other];
  return one;
}
