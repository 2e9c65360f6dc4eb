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

/** An array beside the JSON in a container: the type of its numbers, and its bytes. */
class StoredArray {
  constructor(kind, bytes) {
    this.kind = kind;
    this.bytes = bytes;
  }
}

/**
 * The value of a JSON text: objects are Maps, whole numbers BigInts, others Numbers.
 *
 * In a container an object with the key "npy" alone is an array, which is taken out of `arrays`.
 */
function parsedJson(text, arrays = null) {
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
    return arrays !== null && found.size === 1 && found.has("npy") ? stored(found.get("npy")) : found;
  }

  function stored(name) {
    const array = arrays.get(name);
    if (array === undefined) throw malformed("an array is not in the zip file, or given twice");
    arrays.delete(name);
    return array;
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

  /** Of an array: base64, or in a container what has this type. */
  bytes(key, kind = "|u1") {
    return this.decoded(key, this.value(key), kind);
  }

  summands(key) {
    const given = this.value(key);
    const parts = Array.isArray(given) ? given : [given];
    if (parts.length < 1 || parts.length > MOST_SUMMANDS) {
      throw this.wrong(key, `must be an array or a list of 1 to ${MOST_SUMMANDS} of them`);
    }
    return parts.map((part) => this.decoded(key, part, "<f8"));
  }

  decoded(key, given, kind) {
    if (given instanceof StoredArray && given.kind === kind) return given.bytes;
    const bytes = typeof given === "string" ? decodedBase64(given) : null;
    if (bytes === null) throw this.wrong(key, `is neither base64 nor an array of ${kind}`);
    return bytes;
  }

  /** Little-endian doubles: so many finite numbers, exactly. */
  doubles(key, count) {
    return this.exactly(key, this.bytes(key, "<f8"), count);
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

  /** Little-endian finite numbers, any of them: doubles, or of 4 bytes. */
  floats(key, kind = "<f8") {
    const size = Number(kind[2]);
    const bytes = this.bytes(key, kind);
    if (bytes.length % size !== 0) throw this.wrong(key, `must have numbers of ${size} bytes`);
    const numbers = Array.from(size === 8 ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer));
    if (!numbers.every(Number.isFinite)) throw this.wrong(key, "has a number that is not finite");
    return numbers;
  }

  /** Little-endian unsigned integers of 32 bits. */
  words(key) {
    return Array.from(new Uint32Array(this.whole(key, "<u4")));
  }

  /** Little-endian signed integers of 32 bits. */
  integers(key) {
    return Array.from(new Int32Array(this.whole(key, "<i4")));
  }

  whole(key, kind) {
    const bytes = this.bytes(key, kind);
    if (bytes.length % 4 !== 0) throw this.wrong(key, "must have integers of 4 bytes");
    return bytes.buffer;
  }

  /** Of any number, if `count` is null. */
  indices(key, count, below) {
    const words = this.words(key);
    if (count !== null && words.length !== count) {
      throw this.wrong(key, `must have ${count} integers of 4 bytes`);
    }
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
