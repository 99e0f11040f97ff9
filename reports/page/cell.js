// A cell's modules and tests. A module's tests become elements when it is unfolded, a limited number at a time.
"use strict";

const MOST = 200;
const filters = document.getElementById("filters");
const { cell, again, byHand } = filters.dataset;
const here = `cells/${cell}`;
const asked = new URLSearchParams(location.hash.slice(1));
const wanted = { verdict: asked.get("verdict") || "", text: asked.get("text") || "", module: asked.get("module") || "", limitation: asked.get("limitation") || "", test: asked.get("test") || "" };
const HEADS = ["module, test", "outcome", "verdict", "took"];
const GROUPS = [
  ["", "all"], ["red", "red: unexpected"], ["known", "known failures"], ["skipped", "skipped"],
  ["unexplained", "skipped, unexplained"], ["passed", "passed"], ["flaky", "flaky"],
  ["stale", "stale"], ["regression", "regression"], ["missing", "missing"], ["harness_error", "harness error"],
];
let columns;
let modules;
const open = new Set();
const ORDERS = {
  "slowest first": (one, other) => other.seconds - one.seconds,
  "by name": (one, other) => (one.name < other.name ? -1 : 1),
};
let order = "slowest first";

function isAskedFor(number) {
  const status = columns.statuses[number];
  const verdict = columns.verdicts[number];
  if (wanted.limitation && columns.limitations[columns.limitation[number]] !== wanted.limitation) return false;
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
    if (!isAskedFor(number)) continue;
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
  const name = columns.names[number];
  const test = fullName(module.name, name);
  if (columns.detailed.includes(module.place)) {
    const details = (await load(`${here}/details/${module.place}.js`))[number - module.first] || {};
    parts.push(...seen(details, (part) => `details/${module.place}-${number - module.first}-${part}.txt`));
  }
  if (FAILING_STATUSES.includes(columns.statuses[number])) parts.unshift(await sinceWhen(cell, module.name, test, lettersOf(module, name)));
  if (reason !== undefined) parts.push(make("p", {}, "Reason: ", columns.reasons[reason]));
  if (limitation !== undefined) {
    const known = columns.limitations[limitation];
    parts.push(make("p", {}, "Limitation: ", make("a", { href: `${ROOT}limitations.html#about-${known}` }, known)));
  }
  parts.push(commandLine("Run it again:", command(module, name)));
  if (name && !foreign(name)) {
    parts.push(commandLine("Run it in one guest and show the command line:", `${byHand} ${test}`));
    if (FAILING_STATUSES.includes(columns.statuses[number])) {
      parts.push(make("p", {}, "Name the version at which it changed:"), bisection(filters.dataset.bisect, test));
      parts.push(...explanation(test));
    }
  }
  const link = `#${new URLSearchParams({ test })}`;
  parts.push(make("p", {}, make("a", { href: link }, "Link to this test")));
  place.replaceChildren(...parts.filter(Boolean));
}

/** The letters of all outcomes of a test, which has several where it ran several times. */
function lettersOf(module, name) {
  const numbers = [...Array(module.count).keys()].map((place) => module.first + place);
  return numbers.filter((number) => columns.names[number] === name).map((number) => columns.statuses[number]).sort().join("");
}

/** The text of an issue about a test, where the report has one, and the command that writes it. */
function explanation(test) {
  const made = commandLine("The text of an issue:", `${filters.dataset.explain} ${test}`);
  const text = (received.get(`${here}/issues.js`) || {})[test];
  if (!text) return [made];
  return [make("details", { class: "folded" }, make("summary", {}, "The text of an issue"), copier(text, "the text of an issue"),
    make("pre", { tabindex: "0" }, text), made)];
}

function testRow(module, number, whole) {
  const known = columns.names[number];
  const name = whole ? fullName(module.name, known) : !known ? "(the module)" : foreign(known) ? known.slice(1) : known;
  const place = make("div", { class: "details" });
  const button = make("button", { class: "toggle", "aria-expanded": "false" }, name);
  button.addEventListener("click", async () => {
    await showDetails(module, number, place);
    button.setAttribute("aria-expanded", String(place.childElementCount > 0));
  });
  const tone = toneOf(number);
  const sign = make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tone]);
  const verdict = VERDICTS[columns.verdicts[number]];
  const why = columns.failure[number] === undefined ? columns.reasons[columns.reason[number]] : columns.failures[columns.failure[number]];
  const said = why === undefined ? null : make("div", { class: "said" }, why);
  const row = make("tr", { class: "test" },
    make("td", {}, button, said, place),
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
    make("td", { class: red ? "counts bad" : "counts", colspan: "2" }, red ? "✗ " : "", text),
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
  const head = make("thead", {}, make("tr", {}, HEADS.map((name) => make("th", { scope: "col" }, name))));
  const table = make("table", { class: "tests" }, head);
  let tests = 0;
  const bodies = [];
  for (const module of [...modules].sort(ORDERS[order])) {
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
  document.getElementById("overview").hidden = Object.values(wanted).some(Boolean);
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
  for (let more; (more = document.querySelector("#modules tr.test td[colspan] button")) && document.querySelectorAll("#modules tr.test").length <= at + 1;) more.click();
  const row = [...document.querySelectorAll("#modules tr.test")].find((one) => one.number === numbers[at]);
  row.classList.add("target");
  row.show();
  row.scrollIntoView({ block: "center" });
}

/** Tests in one group, as rows that are made when the group is unfolded. */
function group(title, numbers) {
  const count = numbers.length === 1 ? "1 test" : `${numbers.length} tests`;
  const place = make("div", {});
  const found = make("details", { class: "group" }, make("summary", {}, title, make("span", { class: "faint" }, ` ${count}`)), place);
  found.addEventListener("toggle", () => {
    if (!found.open || place.childElementCount) return;
    const [table] = tableOf(numbers);
    withoutSaid(table, title);
    place.append(table);
  });
  return found;
}

/** Leaves out of a table what the heading above it says already. */
function withoutSaid(table, heading) {
  for (const said of table.querySelectorAll(".said")) if (said.textContent === heading) said.remove();
}

/** Tests of any modules as a table, and its first rows. */
function tableOf(numbers) {
  const body = make("tbody", {});
  const rows = placedRows(numbers, body, 0);
  const head = make("tr", {}, HEADS.map((name) => make("th", { scope: "col" }, name)));
  const table = make("table", { class: "tests" }, make("thead", {}, head), body);
  return [make("div", { class: "wide", role: "region", tabindex: "0", "aria-label": "Tests" }, table), rows];
}

/** Rows of tests of any modules, a limited number at a time. */
function placedRows(numbers, body, from) {
  const rows = numbers.slice(from, from + MOST).map((number) => testRow(moduleOf(number), number, true));
  body.append(...rows);
  const left = numbers.length - from - MOST;
  if (left > 0) {
    const more = make("tr", { class: "test" }, make("td", { colspan: "4" },
      make("button", { onclick: () => { more.remove(); placedRows(numbers, body, from + MOST); } }, `Show ${Math.min(left, MOST)} of ${left} more`)));
    body.append(more);
  }
  return rows;
}

function moduleOf(number) {
  return modules.find((one) => number >= one.first && number < one.first + one.count);
}

/** The numbers of tests by what they share, the largest group first. */
function grouped(numbers, keyOf) {
  const found = new Map();
  for (const number of numbers) {
    const key = keyOf(number);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(number);
  }
  return [...found].sort((one, other) => other[1].length - one[1].length);
}

function section(id, heading, className, ...content) {
  const title = make("h2", { id, class: className }, heading);
  return make("section", { "aria-labelledby": id }, title, ...content);
}

/** What is red is filled into the list of causes; then come known failures by limitation, and skips that nothing explains. */
function overview() {
  const every = [...columns.names.keys()];
  const byName = new Map();
  for (const number of every) {
    if (RED_VERDICTS.includes(columns.verdicts[number])) byName.set(fullName(moduleOf(number).name, columns.names[number]), number);
  }
  for (const list of document.querySelectorAll("ul.of-cause")) {
    const numbers = [...list.children].map((one) => byName.get(one.textContent)).filter((number) => number !== undefined);
    if (!numbers.length) continue;
    const [table, rows] = tableOf(numbers);
    const heading = list.closest(".cause").querySelector("h3").textContent;
    withoutSaid(table, heading);
    list.replaceWith(table);
    if ("first" in list.dataset) rows[0].show();
  }
  const known = every.filter((number) => columns.verdicts[number] === "k" && columns.statuses[number] !== "s");
  const skipped = every.filter((number) => columns.statuses[number] === "s" && columns.verdicts[number] === "o" && columns.limitation[number] === undefined);
  const parts = [];
  if (known.length) {
    const groups = grouped(known, (number) => columns.limitations[columns.limitation[number]] || "");
    parts.push(section("known", `▲ ${known.length} known failure${known.length > 1 ? "s" : ""}`, "mild", ...groups.map(([name, numbers]) => group(name, numbers))));
  }
  if (skipped.length) {
    const groups = grouped(skipped, (number) => columns.reasons[columns.reason[number]] || "(no reason)");
    parts.push(section("unexplained", `${skipped.length} skip${skipped.length > 1 ? "s" : ""} that no limitation explains`, "", ...groups.map(([reason, numbers]) => group(reason, numbers))));
  }
  document.getElementById("expected").replaceChildren(...parts);
}

function controls() {
  if (!columns.limitations.includes(wanted.limitation)) wanted.limitation = "";
  const change = (key) => (value) => { wanted[key] = value; wanted.test = ""; remember(); draw(); };
  const text = make("input", { type: "search", value: wanted.text });
  let timer;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => change("text")(text.value), 150); });
  const names = [["", "all"], ...modules.map((one) => one.name)];
  const byModule = choice("Module", names, wanted.module, change("module"));
  byModule.querySelector("select").setAttribute("name", "module");
  const byOrder = choice("Order of modules", Object.keys(ORDERS), order, (value) => { order = value; draw(); });
  const byLimitation = choice("Limitation", [["", "all"], ...[...columns.limitations].sort()], wanted.limitation, change("limitation"));
  filters.append(choice("Verdict", GROUPS, wanted.verdict, change("verdict")), byLimitation, byModule, make("label", {}, "Name or reason", text), byOrder);
}

Promise.all([load(`${here}/tests.js`), filters.dataset.issues ? load(`${here}/issues.js`) : null]).then(([value]) => {
  columns = value;
  modules = modulesOf(columns);
  controls();
  overview();
  showBeside(cell);
  if (wanted.test) goTo(wanted.test); else draw();
  window.addEventListener("hashchange", () => {
    const test = new URLSearchParams(location.hash.slice(1)).get("test");
    if (test) goTo(test);
  });
}).catch((error) => {
  say(String(error.message));
  if (!document.querySelector("nav a.site")) return;
  const there = `${ROOT}../../${here}/index.html${location.hash}`;
  document.getElementById("found").replaceChildren("The site no longer has the tests of this run. ", make("a", { href: there }, "Go to the newest run of this cell"));
});
