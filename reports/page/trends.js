// Charts of the figures of one cell, or of all cells, over the runs in the history, and what changed where they jump.
// They are SVG: text that can be read aloud, in the colours of the page, sharp on paper. uPlot 1.6.32, which also works under
// this Content-Security-Policy, draws on a canvas: a screen reader finds no figures, and the scale is black in the dark.
"use strict";

const ALL = "(all cells together)";
const differs = (one, other) => one !== other;
/** Whether two values differ by an amount and by a share of the smaller one. */
const beyond = (amount, share) => (one, other) => Math.abs(one - other) >= amount && Math.max(one, other) >= (1 + share) * Math.min(one, other);
/** Each figure: its title, its place in a row of the data, whether a change from one value to another is a jump, and
 * whether it is about single cells only, so that all cells together have none. */
const FIGURES = [
  ["passed", 3, differs],
  ["red", 4, differs],
  ["known failures", 5, differs],
  ["skips that nothing explains", 6, differs],
  ["seconds of the suite", 7, beyond(5, 0.2)],
  ["KiB of python.wasm", 8, beyond(1, 0.01), true],
  ["milliseconds of a guest's start-up", 9, beyond(50, 0.2), true],
];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [440, 160, 56, 8, 8, 22];
const MOST_NIGHTS = 60;
const MOST_DOTS = 60;

const shown = (value) => (value === null || value === undefined ? "-" : Math.round(value).toLocaleString("en"));

/** The tested runs of a cell, or of all cells, the oldest first: values by figure, the parts that changed, the cells. */
function nightsOf(data, cell) {
  const nights = new Map();
  const mine = (index) => cell === ALL || data.cells[index] === cell;
  for (const row of data.rows) {
    if (!row[2] || !mine(row[1])) continue;
    const [run, started] = data.runs[row[0]];
    const night = nights.get(row[0]) || { run, started, values: FIGURES.map(() => null), parts: new Map(), cells: 0 };
    FIGURES.forEach(([, place, , single], number) => { if (row[place] !== null && !(single && cell === ALL)) night.values[number] += row[place]; });
    night.cells += 1;
    nights.set(row[0], night);
  }
  for (const [run, index, part, before, after] of data.parts) {
    if (!mine(index) || !nights.has(run)) continue;
    const { parts } = nights.get(run);
    const said = `${part}: ${before} → ${after}`;
    parts.set(said, [...(parts.get(said) || []), data.cells[index]]);
  }
  return [...nights.entries()].sort(([one], [other]) => one - other).map(([, night]) => night);
}

/** A chart of one figure. `point` is called with the index of the night under the pointer or chosen by an arrow key. */
function chart(title, number, nights, point) {
  const values = nights.map((night) => night.values[number]);
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 1);
  const least = Math.min(...known, most);
  const floor = least > most * 0.8 && least < most ? least - (most - least) * 0.2 : 0;
  const x = (index) => LEFT + (index / (nights.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + (1 - (value - floor) / (most - floor || 1)) * (HEIGHT - BOTTOM - TOP);
  const places = nights.map((night, index) => index).filter((index) => values[index] !== null);
  const line = places.map((index, order) => `${order ? "L" : "M"}${x(index).toFixed(1)} ${y(values[index]).toFixed(1)}`).join("");
  const last = nights[nights.length - 1];
  const marks = nights.map((night, index) => (night.parts.size ? make("svg:path", { class: "mark", d: `M${x(index).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` },
    make("svg:title", {}, `${night.run}: ${[...night.parts.keys()].join("; ")}`)) : null));
  const dots = places.length <= MOST_DOTS ? places.map((index) => make("svg:circle", { class: "dot", cx: x(index).toFixed(1), cy: y(values[index]).toFixed(1), r: 3 })) : [];
  const pointer = make("svg:path", { class: "pointer", d: "" });
  const caption = make("figcaption", { "aria-live": "polite" });
  const label = `${title}: ${nights.length} runs, ${shown(known[0])} at first, ${shown(known[known.length - 1])} at last`;
  const picture = make("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: "0", "aria-label": `${label}. Arrow keys go from run to run.` },
    make("svg:path", { class: "axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`, fill: "none" }),
    make("svg:text", { x: LEFT - 6, y: TOP + 8, "text-anchor": "end" }, shown(most)),
    make("svg:text", { x: LEFT - 6, y: HEIGHT - BOTTOM, "text-anchor": "end" }, shown(floor)),
    make("svg:text", { x: LEFT, y: HEIGHT - 6 }, nights[0].started.slice(0, 10)),
    make("svg:text", { x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, last.started.slice(0, 10)),
    marks, pointer, make("svg:path", { class: "line", d: line }), dots);
  const show = (index) => {
    caption.textContent = index === null ? `${title}: ${shown(values[values.length - 1])}` : `${title}: ${shown(values[index])} in ${nights[index].run}`;
    pointer.setAttribute("d", index === null ? "" : `M${x(index).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}`);
  };
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    const index = Math.round(((at - LEFT) / (WIDTH - LEFT - RIGHT)) * (nights.length - 1));
    point(Math.min(Math.max(index, 0), nights.length - 1));
  });
  picture.addEventListener("pointerleave", () => point(null));
  picture.addEventListener("blur", () => point(null));
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { event.preventDefault(); point(null, step); }
  });
  show(null);
  return { figure: make("figure", { "data-title": title }, caption, picture), show };
}

/** The charts, which all show the same night: the one under the pointer. */
function charts(nights) {
  let current = null;
  const all = FIGURES.flatMap(([title], number) => (nights.some((night) => night.values[number] !== null) ? [chart(title, number, nights, point)] : []));
  function point(index, step = 0) {
    const from = current === null ? nights.length : current;
    current = step ? Math.min(Math.max(from + step, 0), nights.length - 1) : index;
    for (const one of all) one.show(current);
  }
  return all.map((one) => one.figure);
}

function wide(label, table) {
  return make("div", { class: "wide", role: "region", tabindex: "0", "aria-label": label }, table);
}

/** The figures of the newest nights. */
function figuresTable(nights) {
  const head = make("tr", {}, ["run", ...FIGURES.map(([title]) => title)].map((name) => make("th", { scope: "col" }, name)));
  const rows = nights.slice(-MOST_NIGHTS).reverse().map((night) => make("tr", {}, make("th", { scope: "row" }, night.run),
    night.values.map((value) => make("td", { class: "n" }, shown(value)))));
  return wide("Figures by run", make("table", {}, make("thead", {}, head), make("tbody", {}, rows)));
}

/** A row for each night in which a figure jumped or a part changed, the newest first. */
function jumps(nights, cell) {
  const found = [];
  for (let index = nights.length - 1; index > 0 && found.length < MOST_NIGHTS; index -= 1) {
    const [before, night] = [nights[index - 1], nights[index]];
    const jumped = FIGURES.flatMap(([title, , jumps], number) => {
      const [one, other] = [before.values[number], night.values[number]];
      return one !== null && other !== null && jumps(one, other) ? [`${title}: ${shown(one)} → ${shown(other)}`] : [];
    });
    if (before.cells !== night.cells) jumped.push(`cells: ${before.cells} → ${night.cells}`);
    if (!jumped.length && !night.parts.size) continue;
    const parts = [...night.parts].map(([said, cells]) => make("div", {}, said, cell === ALL ? make("small", { class: "faint" }, ` (${cells.join(", ")})`) : null));
    const sides = { a: before.run, b: night.run, ...(cell === ALL ? {} : { ac: cell, bc: cell }) };
    found.push(make("tr", {}, make("th", { scope: "row" }, night.run, make("br"), make("a", { href: `compare.html#${new URLSearchParams(sides)}`, "aria-label": `Compare ${night.run} with the run before` }, "compare with the run before")),
      make("td", {}, jumped.map((text) => make("div", {}, text))), make("td", {}, parts.length ? parts : "SDK, CPython and runtime are the same")));
  }
  if (!found.length) return [make("p", {}, "No figure jumped, and no SDK, CPython or runtime changed.")];
  const head = make("tr", {}, ["run", "what jumped", "what else was not the same"].map((name) => make("th", { scope: "col" }, name)));
  return [wide("Jumps", make("table", {}, make("thead", {}, head), make("tbody", {}, found)))];
}

function draw(data, cell) {
  history.replaceState(null, "", `#${new URLSearchParams({ cell })}`);
  const nights = nightsOf(data, cell);
  const several = nights.length > 1;
  document.getElementById("charts").replaceChildren(...(several ? charts(nights) : []));
  document.getElementById("jumps").replaceChildren(...(several ? [make("h2", {}, "What jumped, and what changed with it"), ...jumps(nights, cell),
    make("details", {}, make("summary", {}, "The newest runs as a table"), figuresTable(nights))] : [figuresTable(nights)]));
  const of = cell === ALL ? "all cells together" : cell;
  say(several ? `${nights.length} runs of ${of}` : `The history has one run of ${of}; there are charts from the second on.`);
}

load("page/figures.js").then((data) => {
  const cells = [...new Set(data.rows.filter((row) => row[2]).map((row) => data.cells[row[1]]))].sort();
  if (!cells.length) { say("The history has no runs yet."); return; }
  const asked = new URLSearchParams(location.hash.slice(1)).get("cell");
  const mine = document.getElementById("choice").dataset.cells.split(" ");
  const first = cells.includes(asked) || asked === ALL ? asked : cells.find((cell) => mine.includes(cell)) || cells[0];
  document.getElementById("choice").append(choice("Cell", [ALL, ...cells], first, (cell) => draw(data, cell)));
  draw(data, first);
}).catch((error) => say(error.message));
