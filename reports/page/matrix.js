// The matrix: the reader chooses its axes, and each square is a link to its cell.
"use strict";

const AXES = {
  "target and SDK": (one) => [one.target, one.sdk],
  "CPython and runtime": (one) => [`CPython ${one.cpython}`, one.runtime],
  "SDK and CPython": (one) => [one.sdk, `CPython ${one.cpython}`],
  "target": (one) => [one.target],
  "SDK": (one) => [one.sdk],
  "CPython": (one) => [`CPython ${one.cpython}`],
  "runtime": (one) => [one.runtime],
};
const FOLDED_FROM = 24;
const squares = embedded("matrix-data");
const asked = new URLSearchParams(location.hash.slice(1));
const chosen = {
  rows: AXES[asked.get("rows")] ? asked.get("rows") : "target and SDK",
  columns: AXES[asked.get("columns")] ? asked.get("columns") : "CPython and runtime",
  fold: asked.get("fold") || "",
};
const about = document.getElementById("about-square");

/** The different values of an axis in order, each a list of parts. */
function values(axis) {
  const found = new Map(squares.filter((one) => one.id).map((one) => [JSON.stringify(axis(one)), axis(one)]));
  const inOrder = (one, other) => one.join(" ").localeCompare(other.join(" "), "en", { numeric: true });
  return [...found.values()].sort(inOrder);
}

/** Neighbours that agree in their first part and in what is said of all their squares, as groups. */
function alike(names, fold, saidOf) {
  const groups = [];
  for (const name of names) {
    const last = groups[groups.length - 1];
    if (fold && last && last[0].length > 1 && last[0][0] === name[0] && saidOf(last[0]) === saidOf(name)) last.push(name);
    else groups.push([name]);
  }
  return groups;
}

/** What a square says in full, as text. */
function said(one) {
  const where = one.id || [one.target, one.sdk, `CPython ${one.cpython}`, one.runtime].join(", ");
  return [`${where}: ${one.state}`, one.count, one.reason, one.reference].filter(Boolean).join("; ");
}

/** Shows below the grid what the squares under the pointer, or with the focus, say; with links to their cells. */
function explain(some) {
  about.replaceChildren(...some.map((one) => make("span", {}, make("span", { class: `sign ${one.tone}` }, `${one.sign} `),
    one.id ? make("a", { href: `cells/${one.id}/index.html`, tabindex: "-1" }, one.id) : "", one.id ? said(one).slice(one.id.length) : said(one))));
}

/** One square for cells that say the same: a link to the first. */
function square(some) {
  const [one] = some;
  const attributes = { class: `square ${one.tone}`, "aria-label": some.map(said).join(". "), onmouseenter: () => explain(some), onfocus: () => explain(some) };
  const inside = [make("span", { class: "sign", "aria-hidden": "true" }, one.sign), some.length > 1 ? make("small", { "aria-hidden": "true" }, some.length) : null];
  if (!one.id) return make("button", { ...attributes, onclick: () => explain(some) }, inside);
  const link = make("a", { ...attributes, href: `cells/${one.id}/index.html` }, inside);
  let shown = false;
  link.addEventListener("pointerdown", (event) => { link.dataset.touch = event.pointerType === "touch" && !shown ? "first" : ""; shown = true; });
  link.addEventListener("click", (event) => { if (link.dataset.touch === "first") { event.preventDefault(); explain(some); } });
  link.addEventListener("blur", () => { shown = false; });
  return link;
}

/** The squares of one place, those of one kind as one when the place stands for several rows or columns. */
function squaresOf(some, several) {
  if (!several) return some.map((one) => square([one]));
  const kinds = new Map();
  for (const one of some) kinds.set(one.kind, [...(kinds.get(one.kind) || []), one]);
  return [...kinds.values()].map(square);
}

/** The names of a group: `wasmtime 49.0.0, 50.0.1`; of more than three, the first and the last. */
function named(group) {
  const lasts = group.map((parts) => parts[parts.length - 1]);
  const word = lasts[0].split(" ")[0];
  const alike = lasts.every((name) => name.startsWith(`${word} `));
  const names = alike ? lasts.map((name) => name.slice(word.length + 1)) : lasts;
  const shown = names.length > 3 ? `${names[0]} to ${names[names.length - 1]} (${names.length})` : names.join(", ");
  return alike ? `${word} ${shown}` : shown;
}

/** The heads of columns: first parts once for all their neighbours, last parts below, upright where there are many. */
function heads(groups) {
  const upright = groups.length > 8 || innerWidth < 640 ? "upright" : "";
  const last = make("tr", {}, make("td", {}), groups.map((group) => make("th", { scope: "col", class: upright }, make("span", {}, named(group)))));
  if (groups[0][0].length === 1) return [last];
  const firsts = [];
  for (const [[first]] of groups) {
    if (firsts.length && firsts[firsts.length - 1].name === first) firsts[firsts.length - 1].span += 1;
    else firsts.push({ name: first, span: 1 });
  }
  return [make("tr", {}, make("td", {}), firsts.map((one) => make("th", { scope: "colgroup", colspan: String(one.span) }, one.name))), last];
}

function draw() {
  const [byRow, byColumn] = [AXES[chosen.rows], AXES[chosen.columns]];
  const [down, across] = [values(byRow), values(byColumn)];
  const places = new Map();
  for (const one of squares) {
    const key = JSON.stringify([byRow(one), byColumn(one)]);
    places.set(key, [...(places.get(key) || []), one]);
  }
  const at = (row, column) => places.get(JSON.stringify([row, column])) || [];
  const kinds = (some) => some.map((one) => one.kind).sort().join();
  const fold = chosen.fold ? chosen.fold === "yes" : down.length > FOLDED_FROM || across.length > FOLDED_FROM;
  const columns = alike(across, fold, (column) => JSON.stringify(down.map((row) => kinds(at(row, column)))));
  const rows = alike(down, fold, (row) => JSON.stringify(across.map((column) => kinds(at(row, column)))));
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row" }, row[0].length > 1 ? `${row[0][0]} · ${named(row)}` : named(row)),
    columns.map((column) => make("td", {}, squaresOf(row.flatMap((r) => column.flatMap((c) => at(r, c))), row.length * column.length > 1)))));
  const grid = document.getElementById("grid");
  grid.replaceChildren(make("table", {}, make("thead", {}, heads(columns)), make("tbody", {}, body)));
  about.replaceChildren();
  const seen = new Set(rows.flat().flatMap((row) => across.flatMap((column) => at(row, column).map((one) => one.kind))));
  for (const one of document.querySelectorAll(".legend [data-kind]")) one.hidden = !seen.has(one.dataset.kind);
}

function choose(key, value) {
  chosen[key] = value;
  history.replaceState(null, "", `#${new URLSearchParams(Object.entries(chosen).filter(([, one]) => one))}`);
  draw();
}

const axes = document.getElementById("axes");
axes.append(
  choice("Rows", Object.keys(AXES), chosen.rows, (value) => choose("rows", value)),
  choice("Columns", Object.keys(AXES), chosen.columns, (value) => choose("columns", value)),
  choice("Alike", [["", "folded when there are many"], ["yes", "folded"], ["no", "not folded"]], chosen.fold, (value) => choose("fold", value)),
);
axes.hidden = false;
draw();
