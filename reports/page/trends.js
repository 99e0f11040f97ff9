// Charts of the numbers of one cell, or of all cells, over the runs in the history.
"use strict";

const ALL = "(all cells together)";
const CHARTS = [
  ["passed", (point) => point.counts.passed || 0],
  ["red", (point) => [...RED_VERDICTS].reduce((sum, letter) => sum + (point.verdicts[VERDICTS[letter]] || 0), 0)],
  ["known failures", (point) => point.verdicts.known || 0],
  ["skips that nothing explains", (point) => point.unattributed],
  ["seconds of the suite", (point) => (point.durations.test === undefined ? null : point.durations.test)],
];
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [440, 160, 56, 22];

function series(points, cell, figure) {
  const found = new Map();
  for (const point of points) {
    if (!point.tested || (cell !== ALL && point.cell !== cell)) continue;
    const value = figure(point);
    if (value === null || value === undefined) continue;
    const before = found.get(point.run);
    found.set(point.run, { run: point.run, started: point.started, value: value + (before ? before.value : 0) });
  }
  return [...found.values()];
}

function chart(title, values) {
  const most = Math.max(...values.map((one) => one.value), 1);
  const least = Math.min(...values.map((one) => one.value), most);
  const floor = least > most * 0.8 && least < most ? least - (most - least) * 0.2 : 0;
  const x = (number) => LEFT + (values.length > 1 ? number / (values.length - 1) : 0.5) * (WIDTH - LEFT - 8);
  const y = (value) => 8 + (1 - (value - floor) / (most - floor || 1)) * (HEIGHT - BOTTOM - 8);
  const line = values.map((one, number) => `${number ? "L" : "M"}${x(number).toFixed(1)} ${y(one.value).toFixed(1)}`).join("");
  const last = values[values.length - 1];
  const label = `${title}: ${values.length} runs, ${values[0].value.toFixed(0)} at first, ${last.value.toFixed(0)} at last`;
  const dots = (values.length <= 60 ? values : []).map((one, number) => make("svg:circle", { class: "dot", cx: x(number), cy: y(one.value), r: 3 },
    make("svg:title", {}, `${one.run}: ${one.value.toFixed(1)}`)));
  const picture = make("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    make("svg:path", { class: "axis", d: `M${LEFT} 8V${HEIGHT - BOTTOM}H${WIDTH - 8}`, fill: "none" }),
    make("svg:text", { x: LEFT - 6, y: 16, "text-anchor": "end" }, most.toFixed(0)),
    make("svg:text", { x: LEFT - 6, y: HEIGHT - BOTTOM, "text-anchor": "end" }, floor.toFixed(0)),
    make("svg:text", { x: LEFT, y: HEIGHT - 6 }, values[0].started.slice(0, 10)),
    make("svg:text", { x: WIDTH - 8, y: HEIGHT - 6, "text-anchor": "end" }, last.started.slice(0, 10)),
    make("svg:path", { class: "line", d: line }), dots);
  return make("figure", { "data-title": title }, make("figcaption", {}, `${title}: ${last.value.toFixed(0)}`), picture);
}

function table(points, cell) {
  const by = CHARTS.map(([, figure]) => new Map(series(points, cell, figure).map((one) => [one.run, one.value])));
  const names = [...by[0].keys()].reverse().slice(0, 60);
  const head = make("tr", {}, ["run", ...CHARTS.map(([title]) => title)].map((name) => make("th", { scope: "col" }, name)));
  const rows = names.map((run) => make("tr", {}, make("th", { scope: "row" }, run),
    by.map((values) => make("td", { class: "n" }, values.has(run) ? values.get(run).toFixed(0) : ""))));
  return make("details", {}, make("summary", {}, "The newest runs as a table"), make("div", { class: "wide", role: "region", tabindex: "0", "aria-label": "Figures by run" },
    make("table", {}, make("thead", {}, head), make("tbody", {}, rows))));
}

load("page/points.js").then((points) => {
  const cells = [...new Set(points.filter((point) => point.tested).map((point) => point.cell))].sort();
  if (!cells.length) { say("The history has no runs yet."); return; }
  const asked = new URLSearchParams(location.hash.slice(1)).get("cell");
  const mine = document.getElementById("choice").dataset.cells.split(" ");
  const draw = (cell) => {
    history.replaceState(null, "", `#${new URLSearchParams({ cell })}`);
    const made = CHARTS.map(([title, figure]) => [title, series(points, cell, figure)]).filter(([, values]) => values.length);
    document.getElementById("charts").replaceChildren(...made.map(([title, values]) => chart(title, values)), table(points, cell));
    say(`${series(points, cell, () => 0).length} runs`);
  };
  const first = cells.includes(asked) ? asked : cells.find((cell) => mine.includes(cell)) || cells[0];
  document.getElementById("choice").append(choice("Cell", [ALL, ...cells], first, draw));
  draw(first);
}).catch((error) => say(error.message));
