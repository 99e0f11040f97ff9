// The limitations that the reader asks for: by text, by the parts of a platform, by what they do there. The address has
// the question, so that it can be shared.
"use strict";

const PARTS = { platform: "Platform", sdk: "SDK", cpython: "CPython", runtime: "Runtime" };
/**
 * What a limitation may do in the chosen cells; each gets its squares there and its squares in the other cells. These are
 * those of the platform, when one is chosen and some of its cells are not: what a version of it no longer lacks.
 */
const KINDS = {
  "all": () => true,
  "that hold there": (there) => there.some((one) => "listed" in one.dataset),
  "that hold only elsewhere": (there, others) => !KINDS["that hold there"](there) && KINDS["that hold there"](others),
  "that explain tests of this run": (there) => there.some((one) => "explains" in one.dataset),
  "where probe and list disagree": (there) => there.some((one) => one.classList.contains("bad")),
};
const cells = [...document.querySelectorAll("#cells li")];
const heads = [...document.querySelectorAll("#limitations thead th")].slice(1);
const entries = [...document.querySelectorAll("section.entry")].map((entry) => {
  const row = document.getElementById(entry.id.slice("about-".length));
  return { entry, row, squares: [...row.querySelectorAll("td")] };
});
const asked = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
const wanted = { text: asked.get("text") || "", which: asked.get("which") in KINDS ? asked.get("which") : "all" };
for (const part of Object.keys(PARTS)) {
  const value = asked.get(part) || "";
  wanted[part] = cells.some((cell) => cell.dataset[part] === value) ? value : "";
}

function narrow() {
  const chosen = cells.map((cell) => Object.keys(PARTS).every((part) => !wanted[part] || cell.dataset[part] === wanted[part]));
  const within = Object.keys(PARTS).filter((part) => wanted[part]).length > 1 ? wanted.platform : "";
  const out = new Set(cells.filter((cell, number) => !chosen[number]).map((cell) => cell.textContent));
  for (const [number, cell] of cells.entries()) cell.hidden = heads[number].hidden = !chosen[number];
  const words = wanted.text.trim().toLowerCase();
  let count = 0;
  for (const { entry, row, squares } of entries) {
    const there = squares.filter((square, number) => chosen[number]);
    const others = squares.filter((square, number) => !chosen[number] && (!within || cells[number].dataset.platform === within));
    const found = entry.dataset.words.includes(words) && KINDS[wanted.which](there, others);
    entry.hidden = row.hidden = !found;
    for (const [number, square] of squares.entries()) square.hidden = !chosen[number];
    for (const line of entry.querySelectorAll("li[data-cell]")) line.hidden = out.has(line.dataset.cell);
    count += found;
  }
  for (const head of document.querySelectorAll("#limitations .section")) {
    head.parentElement.hidden = !head.parentElement.querySelector("tr[id]:not([hidden])");
    head.firstElementChild.colSpan = chosen.filter(Boolean).length + 1;
  }
  const what = `${count} limitation${count === 1 ? "" : "s"}${wanted.which === "all" ? "" : ` ${wanted.which}`}`;
  const where = Object.keys(PARTS).map((part) => wanted[part]).filter(Boolean).join(", ");
  const of = where ? `, in ${cells.length - out.size} of ${cells.length} cells: ${where}` : "";
  say(chosen.includes(true) ? `${what}${of}` : `No cell of this run has these parts together: ${where}.`);
}

function ask(name, value) {
  wanted[name] = value;
  const set = Object.entries(wanted).filter(([key, one]) => one && !(key === "which" && one === "all"));
  history.replaceState(null, "", `#${new URLSearchParams(set)}`);
  narrow();
}

/** A select of the different values of a part. */
function part([name, label]) {
  const values = [...new Set(cells.map((cell) => cell.dataset[name]))].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  return choice(label, [["", "any"], ...values], wanted[name], (value) => ask(name, value));
}

const box = make("input", { type: "search", value: wanted.text, oninput: () => ask("text", box.value) });
document.getElementById("filters").append(make("label", {}, "Name, title, section or test", box), ...Object.entries(PARTS).map(part),
  choice("Limitations", Object.keys(KINDS), wanted.which, (value) => ask("which", value)),
  make("span", {}, "Link to this ", copier(() => location.href, "the link to what is shown")));
narrow();
