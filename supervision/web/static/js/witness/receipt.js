/**
 * The page where a receipt is checked: reads the form, shows one of the answers that the template holds.
 *
 * The field of the digits has no name and the form is never sent; the digits are taken out of the page when the receipt
 * was found and when the page is left.
 */

import { checkReceipt } from "./check.js";
import { MistypedCode, isSupported, parseCode } from "./code.js";

const AROUND = 1;
const FURTHER = 31;

const byId = (id) => document.getElementById(id);
const root = byId("receipt-check");
const form = root.querySelector("form");
const [code, year, month, day] = ["code", "day-year", "day-month", "day-day"].map(byId);
const answers = [...document.querySelectorAll("[data-answer]")];
let last; // of the code, while a wider search is offered

byId("needs-script").hidden = true;
if (await isSupported()) {
  root.hidden = false;
} else {
  show("unsupported");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const errors = [];
  const digits = readCode(errors);
  const moment = readDay(errors);
  showErrors(errors);
  if (errors.length === 0) look(digits, moment, AROUND);
});
byId("further").addEventListener("click", () => {
  if (last) look(last.digits, last.moment, FURTHER);
});
byId("again").addEventListener("click", () => {
  show("");
  root.hidden = false;
  code.focus();
});
window.addEventListener("pagehide", forget);

async function look(digits, moment, around) {
  last = { digits, moment };
  show("working");
  root.hidden = true;
  const progress = byId("progress");
  progress.textContent = "";
  try {
    const { found, size, timestamp } = await checkReceipt(chosenLog(), digits, moment, around, (done, all) => {
      progress.textContent = `${done} / ${all}`;
    });
    const until = new Date(timestamp * 1000).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
    for (const place of document.querySelectorAll("[data-size]")) place.textContent = String(size);
    for (const place of document.querySelectorAll("[data-until]")) place.textContent = until;
    byId("further").hidden = around === FURTHER;
    if (found) forget();
    show(found ? "found" : "absent");
  } catch (problem) {
    console.warn(problem.message); // of a checkpoint, a tile or the connection; never of the code
    show("failed");
    root.hidden = false;
  }
}

function forget() {
  code.value = "";
  last = undefined;
}

function chosenLog() {
  const { address, origin, logKey } = byId("log").selectedOptions[0].dataset;
  return { address, origin, logKey, witnessKey: root.dataset.witnessKey };
}

function readCode(errors) {
  try {
    return parseCode(code.value);
  } catch (problem) {
    if (!(problem instanceof MistypedCode)) throw problem;
    errors.push([code, root.dataset[problem.reason].replace("{n}", problem.length)]);
    return "";
  }
}

/** Midnight UTC of the day, in Unix seconds. */
function readDay(errors) {
  const [y, m, d] = [year, month, day].map((field) => Number(field.value.normalize("NFKC").trim() || NaN));
  const date = new Date(Date.UTC(y, m - 1, d));
  if (date.getUTCFullYear() === y && date.getUTCMonth() === m - 1 && date.getUTCDate() === d) {
    if (date.getTime() <= Date.now() + 864e5) return date.getTime() / 1000;
    errors.push([year, root.dataset.future]);
  } else {
    errors.push([year, root.dataset.day]);
  }
  return 0;
}

/** Twice, as everywhere: above, linked, and at the field. */
function showErrors(errors) {
  for (const old of form.querySelectorAll(".field__error")) old.remove();
  for (const field of form.querySelectorAll(".field--error")) field.classList.remove("field--error");
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const summary = byId("errors");
  const list = summary.querySelector("ul");
  list.replaceChildren();
  for (const [input, message] of errors) {
    const link = document.createElement("a");
    link.href = `#${input.id}`;
    link.textContent = message;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
    const line = document.createElement("p");
    line.className = "field__error";
    line.textContent = message;
    const field = input.closest(".field");
    field.classList.add("field--error");
    (field.querySelector(".field-set__body") ?? field.querySelector(".field__control")).before(line);
    input.setAttribute("aria-invalid", "true");
  }
  summary.hidden = errors.length === 0;
  if (errors.length > 0) {
    show("");
    summary.focus();
  }
}

function show(name) {
  for (const answer of answers) answer.hidden = answer.dataset.answer !== name;
  byId("afterwards").hidden = name !== "found" && name !== "absent";
  const shown = answers.find((answer) => answer.dataset.answer === name);
  (shown?.querySelector("h2") ?? shown)?.focus();
}
