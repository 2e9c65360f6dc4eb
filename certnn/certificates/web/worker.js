"use strict";
// Beside the page, so that it stays awake: takes a file's bytes, and answers with the verdict.

self.onmessage = async ({ data: bytes }) => {
  try {
    const { claim, line, products } = translatedFile(new Uint8Array(bytes));
    const { p, q } = claim;
    const known = { ...claim, p: String(p), q: String(q), sha256: await sha256(claim) };
    self.postMessage({ claim: known });
    self.certnnProducts = (done) => self.postMessage({ progress: Math.min(done / products, 0.99) });
    self.postMessage(answer(self.certnnVerdict(line), `${p}/${q}`));
  } catch (error) {
    const verdict = error instanceof Refusal ? error.verdict : "failed";
    self.postMessage({ verdict, reason: error.message });
  }
};

/** What `translated` says of a file: JSON, or a container with arrays beside it. */
function translatedFile(bytes) {
  if (!isContainer(bytes)) return translated(decodedText(bytes));
  const { head, arrays } = opened(bytes);
  return translated(decodedText(head), arrays);
}

function decodedText(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("not UTF-8");
  }
}

/** What the extracted checker says of the claim p/q. */
function answer(said, claimed) {
  if (said === `proved: ${claimed}`) return { verdict: "proved", reason: "" };
  if (said === "rejected") return { verdict: "rejected", reason: "the proof does not prove the claim" };
  return { verdict: "unsupported", reason: `the checker says: ${said}` };
}

/** Of shapes and data, as certnn prints it; empty where the browser has no SHA-256. */
async function sha256({ n, d, c, X, Y }) {
  if (!self.crypto || !self.crypto.subtle) return "";
  const head = new TextEncoder().encode(`certnn data 1\n${n} ${d} ${c}\n`);
  const digest = await self.crypto.subtle.digest("SHA-256", await new Blob([head, X, Y]).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
