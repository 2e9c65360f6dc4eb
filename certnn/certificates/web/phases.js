"use strict";
// Proofs by phases: how they are read.

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
