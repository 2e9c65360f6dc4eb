"use strict";
// A certificate as a zip file: JSON, and arrays beside it, as certnn/kernel/container.py reads them.

const HEAD = "certificate.json";
const MEMBER = /^(?:[A-Za-z0-9_.-]{1,100}\.npy|certificate\.json)$/;
const HEADER =
  /^\{'descr': '(<f8|<f4|<u4|<i4|\|u1)', 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,9}),\), \} *\n$/;

const isContainer = (bytes) => bytes.length >= 2 && bytes[0] === 0x50 && bytes[1] === 0x4b;

/** The bytes of the JSON, and the arrays by their names. */
function opened(bytes) {
  const arrays = new Map();
  let head = null;
  const members = membersOf(bytes);
  if (members.reduce((sum, { size }) => sum + size, 0) > bytes.length) {
    throw malformed("members of the zip file overlap");
  }
  const seen = new Set();
  for (const { name, start, size, sum } of members) {
    if (seen.has(name) || !MEMBER.test(name)) {
      throw malformed("the zip file has two members of a name, or a strange name");
    }
    seen.add(name);
    const content = bytes.slice(start, start + size);
    if (content.length < size || checksum(content) !== sum) {
      throw malformed("a member of the zip file is damaged");
    }
    if (name === HEAD) head = content;
    else arrays.set(name, storedArray(content));
  }
  if (head === null) throw malformed(`the zip file lacks ${HEAD}`);
  return { head, arrays };
}

/** What the directory at the end of the file says of each member; all are stored as they are. */
function membersOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wrong = () => malformed("not a whole zip file");
  const end = bytes.length - 22; // a file with a comment behind it is refused
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw wrong();
  const count = view.getUint16(end + 10, true);
  const [length, first] = [12, 16].map((place) => view.getUint32(end + place, true));
  if (first + length !== end) throw wrong();
  const members = [];
  let at = first;
  while (at < end) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw wrong();
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [sum, packed, size] = [16, 20, 24].map((place) => view.getUint32(at + place, true));
    const [named, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    const name = latin(bytes.subarray(at + 46, at + 46 + named));
    const local = view.getUint32(at + 42, true);
    if (method !== 0 || packed !== size) throw malformed("a member of the zip file is compressed");
    if (flags & 1) throw malformed("a member of the zip file is encrypted");
    if (local + 30 > first || view.getUint32(local, true) !== 0x04034b50) throw wrong();
    const own = view.getUint16(local + 26, true);
    if (latin(bytes.subarray(local + 30, local + 30 + own)) !== name) throw wrong();
    const start = local + 30 + own + view.getUint16(local + 28, true);
    if (start + size > first) throw wrong();
    members.push({ name, start, size, sum });
    at += 46 + named + extra + comment;
  }
  if (at !== end || members.length !== count) throw wrong();
  return members;
}

const latin = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let k = 0; k < 8; k += 1) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** The CRC-32. */
function checksum(bytes) {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ REMAINDERS[(remainder ^ byte) & 0xff];
  return (remainder ^ 0xffffffff) >>> 0;
}

/** A file of NumPy's format 1.0 of one row. */
function storedArray(content) {
  const length = content.length < 10 ? 0 : content[8] + 256 * content[9];
  const header = HEADER.exec(latin(content.subarray(10, 10 + length)));
  const known = header !== null && latin(content.subarray(0, 8)) === "\x93NUMPY\x01\x00";
  if (!known) throw malformed("a member is not .npy of one row of f8, f4, u4, i4 or bytes");
  const bytes = content.slice(10 + length);
  if (bytes.length !== Number(header[2]) * Number(header[1][2])) {
    throw malformed("a member has more or fewer bytes than its shape and type");
  }
  return new StoredArray(header[1], bytes);
}
