"use strict";
// The page: takes a file, lets a worker check it, and says what has been proved.

const LARGEST_FILE = 32 << 20;
const MOST_SECONDS = 600;
const HEADLINES = {
  proved: "Proved",
  rejected: "Rejected: this certificate does not prove its claim",
  malformed: "Malformed: this is no certificate",
  unsupported: "Not checked: this checker is not for such certificates",
  failed: "Not checked: the checker did not come to its end",
};
/** Summed over all entries. */
const LOSSES = {
  "half-squared": "½‖F − Y‖²",
  huber: "Σ h(F − Y), where h(t) = ½t² for |t| ≤ delta, else delta|t| − ½delta²,",
  hinge: "Σ (1 − YF)₊",
  "squared-hinge": "Σ ½(1 − YF)₊²",
  logistic: "Σ log(1 + exp(−YF))",
  softmax: "Σ Y (log Σₖ exp(Fₖ) − F), with the sum in the logarithm over the row,",
};
const element = (id) => document.getElementById(id);
const source = new Blob([element("worker").textContent], { type: "text/javascript" });
let worker = null;
let timer = 0;

function show(verdict, reason) {
  stop();
  element("verdict").dataset.verdict = verdict;
  element("verdict").className = verdict === "proved" ? "headline proved" : "headline";
  element("verdict").textContent = HEADLINES[verdict];
  element("reason").textContent = reason;
  element("theorem").hidden = verdict !== "proved";
}

function stop() {
  clearTimeout(timer);
  if (worker) worker.terminate();
  worker = null;
  element("running").hidden = true;
}

async function check(file) {
  stop();
  element("name").textContent = file.name;
  element("theorem").hidden = true;
  element("reason").textContent = "";
  element("verdict").dataset.verdict = "";
  element("verdict").className = "headline";
  element("verdict").textContent = "Checking";
  if (file.size > LARGEST_FILE) {
    show("unsupported", `it is larger than ${LARGEST_FILE} bytes: check it with certnn check`);
    return;
  }
  const url = URL.createObjectURL(source);
  const mine = new Worker(url);
  worker = mine;
  element("running").hidden = false;
  element("progress").value = 0;
  mine.onmessage = ({ data }) => {
    if (mine !== worker) return;
    if (data.claim) state(data.claim);
    if (data.progress) element("progress").value = data.progress;
    if (data.verdict) show(data.verdict, data.reason);
  };
  mine.onerror = () => mine === worker && show("failed", "it needs more than this browser has");
  timer = setTimeout(() => show("failed", `not within ${MOST_SECONDS} s`), 1000 * MOST_SECONDS);
  const bytes = await file.arrayBuffer();
  mine.postMessage(bytes, [bytes]);
  URL.revokeObjectURL(url);
}

/** The theorem in words; shown where it is proved. */
function state({ n, d, c, reg, loss, delta, hiddenBias, outputBias, p, q, sha256 }) {
  const hidden = hiddenBias === false ? "XU" : "XU + 1hᵀ";
  element("network").textContent = `F = (${hidden})₊V${outputBias === false ? "" : " + 1bᵀ"}`;
  element("loss").textContent = LOSSES[loss];
  const decayed = ["‖U‖²", "‖V‖²", hiddenBias === true && "‖h‖²", outputBias === true && "‖b‖²"];
  element("decayed").textContent = decayed.filter(Boolean).join(" + ");
  element("bound").textContent = decimalBelow(BigInt(p), BigInt(q));
  element("exact").textContent = `${p}/${q}`;
  element("shape").textContent = `${n} points, ${d} inputs, ${c} outputs`;
  element("reg").textContent = String(reg);
  element("delta").textContent = delta === null ? "not in this loss" : String(delta);
  element("sha256").textContent = sha256 || "not known to this browser";
}

/** p/q as a decimal number of 17 digits, rounded down. */
function decimalBelow(p, q) {
  if (p === 0n) return "0";
  const shift = 17 - (String(p).length - String(q).length);
  const whole = shift >= 0 ? (p * 10n ** BigInt(shift)) / q : p / (q * 10n ** BigInt(-shift));
  const digits = String(whole).slice(0, 17);
  const exponent = String(whole).length - 1 - shift;
  if (exponent < -5 || exponent > 16) {
    return `${digits[0]}.${digits.slice(1)}e${exponent}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1) || "0"}`;
}

element("file").addEventListener("change", (event) => {
  if (event.target.files.length > 0) check(event.target.files[0]);
  event.target.value = ""; // so that the same name may be chosen again
});
element("stop").addEventListener("click", () => show("failed", "stopped"));
for (const type of ["dragover", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    if (type === "drop" && event.dataTransfer.files.length > 0) check(event.dataTransfer.files[0]);
  });
}
