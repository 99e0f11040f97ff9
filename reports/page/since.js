// Since which run a test of a cell has had its outcome, and the cells of the same run to compare with.
"use strict";

/** The letters of a test's outcomes in a run, by its index; "" when it was not run. `now` are those of a module that never changed. */
function outcomeAt(timeline, number, at, test, now) {
  if (timeline.tenths[at][number] === null) return "";
  const span = timeline.spans[number].filter(([from]) => from <= at).pop();
  if (!span) return timeline.spans[number].length ? "" : now;
  return timeline.lists[span[1]].flatMap((name, place) => (name === test ? [span[2][place]] : [])).sort().join("");
}

/** Since when a test fails as it does, as a paragraph; null where the history is not at hand, as in old runs of a site. */
async function sinceWhen(cell, module, test, now) {
  const [timeline, here] = await Promise.all([load(`page/history/${cell}.js`), load("page/cells.js")]).catch(() => [null, null]);
  const number = timeline ? timeline.modules.indexOf(module) : -1;
  const at = timeline ? timeline.runs.indexOf(here.run) : -1;
  if (number < 0 || at < 0) return null;
  const outcomes = timeline.runs.slice(0, at + 1).map((run, index) => outcomeAt(timeline, number, index, test, now));
  const before = outcomes.findLastIndex((one) => one && one !== now);
  const first = outcomes.findIndex((one, index) => index > before && one);
  const runs = outcomes.slice(first).filter(Boolean).length;
  const count = runs === 1 ? "this run" : `${timeline.runs[first]}, ${runs} runs`;
  if (before < 0) return make("p", { class: "since" }, `Like this since ${count}; the history has no run in which it was otherwise.`);
  const sides = { a: timeline.runs[before], ac: cell, b: timeline.runs[first], bc: cell };
  const was = [...new Set(outcomes[before])].map((letter) => STATUSES[letter]).join(", ");
  return make("p", { class: "since" }, `Like this since ${count}. Before that: ${was}, in `,
    make("a", { href: `${ROOT}compare.html#${new URLSearchParams(sides)}` }, `${timeline.runs[before]}: what else changed`));
}

const COMPARED = ["SDK", "CPython", "runtime"];

/** Links to the comparisons with the tested cells of the run that differ from this one in one part. */
async function showBeside(cell) {
  const { run, cells } = await load("page/cells.js");
  const mine = cells.find((one) => one.id === cell);
  const links = cells.filter((one) => one.tested && one.target === mine.target).flatMap((one) => {
    const different = COMPARED.filter((part) => one[part] !== mine[part]);
    if (different.length !== 1) return [];
    const name = different[0] === "CPython" ? `CPython ${one.CPython}` : one[different[0]];
    return [" ", make("a", { href: `${ROOT}compare.html#${new URLSearchParams({ a: run, ac: one.id, b: run, bc: cell })}` }, name)];
  });
  if (links.length) document.getElementById("beside").replaceChildren("Compare with", ...links);
}
