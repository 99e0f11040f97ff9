// Shared by the scripts of all pages: elements that hold only text, and data that is loaded on demand.
"use strict";

const ROOT = document.documentElement.dataset.root;
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; strings are text, never markup. */
function make(tag, attributes, ...children) {
  const found = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else if (value === true) found.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== "") found.setAttribute(name, value);
  }
  found.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return found;
}

/** A labelled <select>; choices are strings, or [value, text]. */
function choice(label, choices, value, change) {
  const select = make("select", { onchange: () => change(select.value) });
  for (const one of choices) {
    const [key, text] = Array.isArray(one) ? one : [one, one];
    const option = make("option", { selected: key === value }, text);
    option.value = key;  // also when it is ""
    select.append(option);
  }
  return make("label", {}, label, select);
}

/** The JSON within a <script type="application/json">. */
function embedded(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function say(text) {
  document.getElementById("found").textContent = text;
}

const received = new Map();
const awaited = new Map();

/** Called by data scripts. */
function receive(name, value) {
  received.set(name, value);
}

/** A promise of the value in a data script below the report's directory; rejected when there is no such script. */
function load(name) {
  if (received.has(name)) return Promise.resolve(received.get(name));
  if (!awaited.has(name)) {
    awaited.set(name, new Promise((resolve, reject) => {
      const script = make("script", { src: ROOT + name.split("/").map(encodeURIComponent).join("/") });
      script.addEventListener("load", () => { script.remove(); resolve(received.get(name)); });
      script.addEventListener("error", () => { awaited.delete(name); reject(new Error(`${name} cannot be loaded`)); });
      document.head.append(script);
    }));
  }
  return awaited.get(name);
}

const STATUSES = { p: "passed", f: "failed", e: "errored", s: "skipped", c: "crashed", t: "timed_out", "-": "did_not_run" };
const FAILING_STATUSES = "fect-";
const VERDICTS = { o: "ok", k: "known", s: "stale", r: "regression", m: "missing", f: "flaky", h: "harness_error" };
const RED_VERDICTS = "srmh";
const SIGNS = { good: "✓", mild: "▲", bad: "✗", none: "⊘" };

/** The full name of a test from its name within the module, which is "" for the module as a whole. */
function fullName(module, name) {
  const base = module.startsWith("test.") ? module : `test.${module}`;
  if (!name) return base;
  return foreign(name) ? name.slice(1) : `${base}.${name}`;
}

/** Whether a test is not in its module: then its name is its full name after a "=". */
function foreign(name) {
  return name.startsWith("=");
}

/** The modules of a cell's columns: name, place, index of the first test, and so on. */
function modulesOf(columns) {
  let first = 0;
  return columns.modules.map(([name, count, seconds, guests, startup, reused], place) => {
    const found = { name, place, first, count, seconds, guests, startup, reused };
    first += count;
    return found;
  });
}
