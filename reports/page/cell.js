// A cell's modules and tests. A module's tests become elements when it is unfolded, a limited number at a time.
"use strict";

const MOST = 200;
const filters = document.getElementById("filters");
const { cell, again, byHand } = filters.dataset;
const here = `cells/${cell}`;
const asked = new URLSearchParams(location.hash.slice(1));
const wanted = { verdict: asked.get("verdict") || "", text: asked.get("text") || "", module: asked.get("module") || "", test: asked.get("test") || "" };
const GROUPS = [
  ["", "all"], ["red", "red: unexpected"], ["known", "known failures"], ["skipped", "skipped"],
  ["unexplained", "skipped, unexplained"], ["passed", "passed"], ["flaky", "flaky"],
  ["stale", "stale"], ["regression", "regression"], ["missing", "missing"], ["harness_error", "harness error"],
];
let columns;
let modules;
const open = new Set();

function matchesVerdict(number) {
  const status = columns.statuses[number];
  const verdict = columns.verdicts[number];
  if (!wanted.verdict) return true;
  if (wanted.verdict === "red") return RED_VERDICTS.includes(verdict);
  if (wanted.verdict === "known") return verdict === "k" && status !== "s";
  if (wanted.verdict === "unexplained") return status === "s" && verdict === "o" && columns.limitation[number] === undefined;
  if (wanted.verdict === "passed" || wanted.verdict === "skipped") return STATUSES[status] === wanted.verdict;
  return VERDICTS[verdict] === wanted.verdict;
}

function matching(module) {
  const text = wanted.text.toLowerCase();
  const moduleNamed = module.name.toLowerCase().includes(text);
  const found = [];
  for (let number = module.first; number < module.first + module.count; number += 1) {
    if (!matchesVerdict(number)) continue;
    const reason = columns.reason[number];
    if (moduleNamed || columns.names[number].toLowerCase().includes(text)
      || (reason !== undefined && columns.reasons[reason].toLowerCase().includes(text))) found.push(number);
  }
  return found;
}

function remember() {
  const set = Object.entries(wanted).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(set)}`);
}

function command(module, name) {
  const full = fullName(module.name, name);
  const inside = !foreign(name) && full.split(".").every((part) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(part));
  return `${again} ${inside && name ? full : module.name}`;
}

function toneOf(number) {
  const verdict = columns.verdicts[number];
  if (RED_VERDICTS.includes(verdict)) return "bad";
  return verdict === "k" || verdict === "f" ? "mild" : columns.statuses[number] === "s" ? "none" : "good";
}

async function showDetails(module, number, place) {
  if (place.childElementCount) { place.replaceChildren(); return; }
  const parts = [];
  const limitation = columns.limitation[number];
  const reason = columns.reason[number];
  if (limitation !== undefined) {
    const name = columns.limitations[limitation];
    parts.push(make("p", {}, "Limitation: ", make("a", { href: `${ROOT}limitations.html#about-${name}` }, name)));
  }
  if (reason !== undefined) parts.push(make("p", {}, "Reason: ", columns.reasons[reason]));
  if (columns.detailed.includes(module.place)) {
    const details = (await load(`${here}/details/${module.place}.js`))[number - module.first] || {};
    if (details.why) parts.push(make("p", { class: "bad" }, details.why));
    for (const name of ["detail", "output"]) {
      if (!details[name]) continue;
      parts.push(make("h3", {}, name === "detail" ? "What was seen" : "Output"));
      if ((details.cut || []).includes(name)) {
        const file = `details/${module.place}-${number - module.first}-${name}.txt`;
        parts.push(make("p", {}, "Shortened. ", make("a", { href: file }, "Full text")));
      }
      parts.push(make("pre", { tabindex: "0" }, details[name]));
    }
  }
  parts.push(make("p", {}, "Run it again: ", make("code", {}, command(module, columns.names[number]))));
  if (columns.names[number] && !foreign(columns.names[number])) {
    parts.push(make("p", {}, "Run it in one guest and show the command line: ", make("code", {}, `${byHand} ${fullName(module.name, columns.names[number])}`)));
  }
  const link = `#${new URLSearchParams({ test: fullName(module.name, columns.names[number]) })}`;
  parts.push(make("p", {}, make("a", { href: link }, "Link to this test")));
  place.replaceChildren(...parts);
}

function testRow(module, number) {
  const known = columns.names[number];
  const name = !known ? "(the module)" : foreign(known) ? known.slice(1) : known;
  const place = make("div", { class: "details" });
  const button = make("button", { class: "toggle", "aria-expanded": "false" }, name);
  button.addEventListener("click", async () => {
    await showDetails(module, number, place);
    button.setAttribute("aria-expanded", String(place.childElementCount > 0));
  });
  const tone = toneOf(number);
  const sign = make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone]);
  const verdict = VERDICTS[columns.verdicts[number]];
  const row = make("tr", { class: "test" },
    make("td", {}, button, place),
    make("td", { class: tone }, sign, ` ${STATUSES[columns.statuses[number]]}`),
    make("td", {}, verdict),
    make("td", { class: "n" }, `${(columns.milliseconds[number] / 1000).toFixed(3)} s`));
  row.show = () => button.click();
  row.number = number;
  return row;
}

function testRows(module, numbers, body, from) {
  const rows = numbers.slice(from, from + MOST).map((number) => testRow(module, number));
  body.append(...rows);
  const left = numbers.length - from - MOST;
  if (left > 0) {
    const more = make("tr", { class: "test" }, make("td", { colspan: "4" },
      make("button", { onclick: () => { more.remove(); testRows(module, numbers, body, from + MOST); } }, `Show ${Math.min(left, MOST)} of ${left} more`)));
    body.append(more);
  }
  return rows;
}

function moduleBody(module, numbers) {
  const counts = {};
  for (const number of numbers) {
    const verdict = columns.verdicts[number];
    const kind = verdict === "o" ? STATUSES[columns.statuses[number]] : VERDICTS[verdict];
    counts[kind] = (counts[kind] || 0) + 1;
  }
  const red = numbers.some((number) => RED_VERDICTS.includes(columns.verdicts[number]));
  const text = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(", ");
  const button = make("button", { class: "toggle", "aria-expanded": "false" }, module.name);
  const head = make("tr", { class: "module" },
    make("th", { scope: "row" }, button),
    make("td", { class: red ? "bad" : "", colspan: "2" }, red ? "✗ " : "", text),
    make("td", { class: "n" }, `${module.seconds.toFixed(1)} s${module.reused ? ", earlier" : ""}`));
  const body = make("tbody", {}, head);
  body.unfold = () => {
    if (button.getAttribute("aria-expanded") === "true") return [];
    button.setAttribute("aria-expanded", "true");
    open.add(module.place);
    return testRows(module, numbers, body, 0);
  };
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "false") { body.unfold(); return; }
    button.setAttribute("aria-expanded", "false");
    open.delete(module.place);
    for (const row of body.querySelectorAll("tr.test")) row.remove();
  });
  return body;
}

function draw() {
  const head = make("thead", {}, make("tr", {}, ["module, test", "outcome", "verdict", "took"].map((name) => make("th", { scope: "col" }, name))));
  const table = make("table", { class: "tests" }, head);
  let tests = 0;
  const bodies = [];
  for (const module of modules) {
    if (wanted.module && module.name !== wanted.module) continue;
    const numbers = matching(module);
    if (!numbers.length) continue;
    tests += numbers.length;
    const body = moduleBody(module, numbers);
    bodies.push(body);
    if (open.has(module.place)) body.unfold();
  }
  table.append(...bodies);
  if (bodies.length && (bodies.length === 1 || ((wanted.text || wanted.verdict) && tests <= MOST))) for (const body of bodies) body.unfold();
  document.getElementById("modules").replaceChildren(table);
  say(`${tests} of ${columns.names.length} tests, in ${bodies.length} of ${modules.length} modules`);
}

function goTo(test) {
  const module = modules.filter((one) => test === fullName(one.name, "") || test.startsWith(`${fullName(one.name, "")}.`))
    .sort((one, other) => other.name.length - one.name.length)[0]
    || modules.find((one) => columns.names.slice(one.first, one.first + one.count).includes(test));
  if (!module) { say(`There is no test ${test} in this cell.`); return; }
  wanted.module = module.name;
  filters.querySelector("select[name=module]").value = module.name;
  draw();
  const numbers = matching(module);
  const at = numbers.findIndex((number) => fullName(module.name, columns.names[number]) === test);
  if (at < 0) return;
  for (let more; (more = document.querySelector("tr.test td[colspan] button")) && document.querySelectorAll("tr.test").length <= at + 1;) more.click();
  const row = [...document.querySelectorAll("tr.test")].find((one) => one.number === numbers[at]);
  row.classList.add("target");
  row.show();
  row.scrollIntoView({ block: "center" });
}

function controls() {
  const change = (key) => (value) => { wanted[key] = value; wanted.test = ""; remember(); draw(); };
  const text = make("input", { type: "search", value: wanted.text });
  let timer;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => change("text")(text.value), 150); });
  const names = [["", "all"], ...modules.map((one) => one.name)];
  const byModule = choice("Module", names, wanted.module, change("module"));
  byModule.querySelector("select").setAttribute("name", "module");
  filters.append(choice("Verdict", GROUPS, wanted.verdict, change("verdict")), byModule, make("label", {}, "Name or reason", text));
}

load(`${here}/tests.js`).then((value) => {
  columns = value;
  modules = modulesOf(columns);
  controls();
  if (wanted.test) goTo(wanted.test); else draw();
  window.addEventListener("hashchange", () => {
    const test = new URLSearchParams(location.hash.slice(1)).get("test");
    if (test) goTo(test);
  });
}).catch((error) => say(String(error.message)));
