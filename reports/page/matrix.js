// The matrix: the reader chooses its axes, and each square is a link to its cell.
"use strict";

const AXES = {
  "target and SDK": (one) => `${one.target} · ${one.sdk}`,
  "CPython and runtime": (one) => `CPython ${one.cpython} · ${one.runtime}`,
  "target": (one) => one.target,
  "SDK": (one) => one.sdk,
  "CPython": (one) => one.cpython,
  "runtime": (one) => one.runtime,
  "SDK and CPython": (one) => `${one.sdk} · CPython ${one.cpython}`,
};
const squares = embedded("matrix-data");
const asked = new URLSearchParams(location.hash.slice(1));
let rows = AXES[asked.get("rows")] ? asked.get("rows") : "target and SDK";
let columns = AXES[asked.get("columns")] ? asked.get("columns") : "CPython and runtime";

function inOrder(values) {
  return [...new Set(values)].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
}

function square(one, row, column) {
  const where = [`${one.target}`, one.sdk, `CPython ${one.cpython}`, one.runtime].filter((part) => !row.includes(part) && !column.includes(part));
  const sign = make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[one.tone]);
  const head = [sign, ` ${one.state}`, where.length ? ` (${where.join(", ")})` : ""];
  if (one.id) {
    const lines = [one.count, one.reason].filter(Boolean).map((line) => make("div", {}, line));
    return make("a", { class: `square ${one.tone}`, href: `cells/${one.id}/index.html` }, ...head, ...lines);
  }
  const about = [one.reason, one.reference ? ` (${one.reference})` : ""];
  return make("details", { class: "square none" }, make("summary", {}, ...head), ...about);
}

function draw() {
  const made = squares.filter((one) => one.id);
  const [byRow, byColumn] = [AXES[rows], AXES[columns]];
  const down = inOrder(made.map(byRow));
  const across = inOrder(made.map(byColumn));
  const places = new Map();
  for (const one of squares) {
    const key = JSON.stringify([byRow(one), byColumn(one)]);
    places.set(key, [...(places.get(key) || []), one]);
  }
  const head = make("tr", {}, make("td", {}), across.map((name) => make("th", { scope: "col" }, name)));
  const body = down.map((row) => make("tr", {}, make("th", { scope: "row" }, row),
    across.map((column) => make("td", {}, (places.get(JSON.stringify([row, column])) || []).map((one) => square(one, row, column))))));
  document.getElementById("grid").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, body)));
}

function chosen() {
  history.replaceState(null, "", `#${new URLSearchParams({ rows, columns })}`);
  draw();
}

const axes = document.getElementById("axes");
axes.append(
  choice("Rows", Object.keys(AXES), rows, (value) => { rows = value; chosen(); }),
  choice("Columns", Object.keys(AXES), columns, (value) => { columns = value; chosen(); }),
);
axes.hidden = false;
draw();
