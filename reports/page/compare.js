// Compares two cells or two runs: newly failing, newly passing, changed, appeared, vanished, slower.
"use strict";

const MOST = 300;
const SLOWER = { factor: 2, seconds: 1 };
const EVERY = "(every cell of both runs)";
const page = embedded("compare-data");
const asked = new URLSearchParams(location.hash.slice(1));
const runs = new Map();

/** The outcomes of a cell in a run: modules by name, each with its seconds and the statuses of its tests by name. */
async function stateOf(run, cell) {
  const found = new Map();
  const timeline = page.history.includes(cell) ? await load(`page/history/${cell}.js`) : null;
  const at = timeline ? timeline.runs.indexOf(run) : -1;
  if (timeline && at < 0) throw new Error(`${run} has no outcomes of ${cell}`);
  let current = null;
  if (page.cells.includes(cell) && (run === page.run || timeline)) {
    const columns = await load(`cells/${cell}/tests.js`);
    current = new Map(modulesOf(columns).map((module) => [module.name, { module, columns }]));
  }
  const fromColumns = ({ module, columns }) => {
    const tests = new Map();
    for (let number = module.first; number < module.first + module.count; number += 1) {
      add(tests, fullName(module.name, columns.names[number]), columns.statuses[number]);
    }
    return tests;
  };
  if (!timeline) {
    for (const [name, one] of current || []) found.set(name, { seconds: one.module.seconds, tests: fromColumns(one) });
    return found;
  }
  for (const [number, name] of timeline.modules.entries()) {
    if (timeline.tenths[at][number] === null) continue;
    const seconds = timeline.tenths[at][number] / 10;
    const span = timeline.spans[number].filter(([from]) => from <= at).pop();
    if (span) {
      const tests = new Map();
      timeline.lists[span[1]].forEach((test, place) => add(tests, test, span[2][place]));
      found.set(name, { seconds, tests });
    } else if (current && current.has(name)) {
      found.set(name, { seconds, tests: fromColumns(current.get(name)) });
    }
  }
  return found;
}

function add(tests, name, status) {
  tests.set(name, [...(tests.get(name) || ""), status].sort().join(""));
}

function words(statuses) {
  return [...statuses].map((status) => STATUSES[status]).join(", ");
}

function failures(statuses) {
  return [...statuses].filter((status) => FAILING_STATUSES.includes(status)).length;
}

/** What changed from one state to another, as rows. */
function changesOf(before, after, label) {
  const found = [];
  const row = (kind, name, was, is) => found.push({ kind, name, was, is, label });
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(name), after.get(name)];
    if (!old) { row("appeared", name, "", `${now.tests.size} tests`); continue; }
    if (!now) { row("vanished", name, `${old.tests.size} tests`, ""); continue; }
    if (now.seconds >= old.seconds * SLOWER.factor && now.seconds - old.seconds >= SLOWER.seconds) {
      row("slower", name, `${old.seconds.toFixed(1)} s`, `${now.seconds.toFixed(1)} s`);
    }
    for (const test of new Set([...old.tests.keys(), ...now.tests.keys()])) {
      const [was, is] = [old.tests.get(test) || "", now.tests.get(test) || ""];
      if (was === is) continue;
      const kind = failures(is) > failures(was) ? "newly failing" : !is ? "vanished" : failures(is) < failures(was) ? "newly passing" : !was ? "appeared" : "changed";
      row(kind, test, words(was), words(is));
    }
  }
  return found;
}

const KINDS = ["newly failing", "newly passing", "changed", "appeared", "vanished", "slower"];

function draw(rows, compared) {
  const place = document.getElementById("changes");
  place.replaceChildren();
  for (const kind of KINDS) {
    const some = rows.filter((row) => row.kind === kind);
    if (!some.length) continue;
    const labelled = some.some((row) => row.label);
    const head = make("tr", {}, ["test or module", ...(labelled ? ["cell"] : []), "before", "after"].map((name) => make("th", { scope: "col" }, name)));
    const body = some.slice(0, MOST).map((row) => make("tr", {}, make("th", { scope: "row", class: "wraps" }, row.name), labelled ? make("td", { class: "wraps" }, row.label) : null,
      make("td", {}, row.was), make("td", {}, row.is)));
    const sign = kind === "newly failing" ? "✗ " : kind === "newly passing" ? "✓ " : "";
    place.append(make("h2", { class: kind === "newly failing" ? "bad" : kind === "newly passing" ? "good" : "" }, `${sign}${some.length} ${kind}`),
      make("table", { class: "changes" }, make("thead", {}, head), make("tbody", {}, body)));
    if (some.length > MOST) place.append(make("p", {}, `${some.length - MOST} more.`));
  }
  const counts = KINDS.map((kind) => [rows.filter((row) => row.kind === kind).length, kind]).filter(([count]) => count);
  say(`${compared.modules} modules compared: ${counts.map(([count, kind]) => `${count} ${kind}`).join(", ") || "nothing differs"}.${times(compared)}`);
}

/** How long the modules that both have took, as a sentence. */
function times({ before, after }) {
  if (!before || !after) return "";
  const ratio = after / before;
  const than = ratio >= 1.005 ? `, ${ratio.toFixed(2)} times as long` : ratio <= 0.995 ? `: ${(1 / ratio).toFixed(2)} times as fast` : "";
  return ` They took ${before.toFixed(1)} s before and ${after.toFixed(1)} s after${than}.`;
}

let turn = 0;

async function compare(sides) {
  const mine = turn += 1;
  const [one, other] = sides;
  history.replaceState(null, "", `#${new URLSearchParams({ a: one.run, ac: one.cell, b: other.run, bc: other.cell })}`);
  let pairs = [[one.cell, other.cell]];
  if (one.cell === EVERY || other.cell === EVERY) {
    const shared = runs.get(one.run).filter((cell) => runs.get(other.run).includes(cell));
    pairs = shared.map((cell) => [cell, cell]);
  }
  const rows = [];
  const compared = { modules: 0, before: 0, after: 0 };
  try {
    for (const [number, [from, to]] of pairs.entries()) {
      if (mine !== turn) return;
      if (pairs.length > 1) say(`Comparing cell ${number + 1} of ${pairs.length} ...`);
      const [before, after] = [await stateOf(one.run, from), await stateOf(other.run, to)];
      for (const [name, old] of before) {
        if (!after.has(name)) continue;
        compared.modules += 1;
        compared.before += old.seconds;
        compared.after += after.get(name).seconds;
      }
      rows.push(...changesOf(before, after, pairs.length > 1 ? to : ""));
    }
  } catch (error) {
    if (mine === turn) { document.getElementById("changes").replaceChildren(); say(error.message); }
    return;
  }
  if (mine === turn) draw(rows, compared);
}

function controls() {
  const ids = [...runs.keys()].reverse();
  const newest = runs.has(page.run) ? page.run : ids[0];
  const cells = runs.get(newest);
  const previous = ids.filter((run) => run < newest && runs.get(run).some((cell) => cells.includes(cell)))[0];
  const two = cells.length > 1 ? cells.slice(0, 2) : [cells[0], cells[0]];
  const sides = [
    { run: asked.get("a") || previous || newest, cell: asked.get("ac") || (previous ? EVERY : two[0]) },
    { run: asked.get("b") || newest, cell: asked.get("bc") || (previous ? EVERY : two[1]) },
  ];
  const place = document.getElementById("choice");
  const show = () => {
    const boxes = sides.map((side, number) => {
      const name = number ? "After" : "Before";
      if (!runs.has(side.run)) side.run = newest;
      const some = [EVERY, ...runs.get(side.run)];
      if (!some.includes(side.cell)) side.cell = some[1];
      return [
        choice(`${name}: run`, ids, side.run, (value) => { side.run = value; show(); }),
        choice(`${name}: cell`, some, side.cell, (value) => {
          for (const each of sides) if (value === EVERY || each.cell === EVERY) each.cell = value;
          side.cell = value;
          show();
        }),
      ];
    });
    place.replaceChildren(...boxes.flat());
    compare(sides);
  };
  show();
}

load("page/figures.js").then((figures) => {
  for (const [at, cell, tested] of figures.rows) {
    const [run, name] = [figures.runs[at][0], figures.cells[cell]];
    if (tested && page.history.includes(name)) runs.set(run, [...(runs.get(run) || []), name]);
  }
  if (page.cells.length && !runs.has(page.run)) runs.set(page.run, page.cells);
  if (runs.size) controls(); else say("There is nothing to compare: no cell was tested.");
}).catch((error) => say(error.message));
