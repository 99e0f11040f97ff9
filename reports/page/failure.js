// How one test is shown: what was raised, the message with its diff, the traceback, the output, the commands.
"use strict";

const FRAME = /^\s+File "[^"]*", line \d+/;
const OF_A_TEST = /^\s+File "[^"]*\/test[^"]*"/;
const AXES_TO_BISECT = ["sdk", "cpython", "runtime"];

/** A command with a button that copies it. */
function commandLine(title, command) {
  return make("p", { class: "command" }, `${title} `, make("code", {}, command), " ", copier(command, `the command: ${title}`));
}

/** The lines of a message; those of a diff are coloured. The sign before each says the same. */
function message(text) {
  const lines = text.split("\n");
  const differs = lines.some((line) => /^[-+] /.test(line));
  const kinds = { "-": "removed", "+": "added", "?": "hint", "@": "hint" };
  return make("pre", { class: "message", tabindex: "0" }, lines.map((line, number) => {
    const end = number < lines.length - 1 ? "\n" : "";
    const kind = differs && /^[-+?@]/.test(line) ? kinds[line[0]] : "";
    return kind ? make("span", { class: kind }, line, end) : line + end;
  }));
}

/** A traceback, with the frames in tests set off from those in the library. */
function traceback(text) {
  let ofTest = false;
  const lines = text.split("\n");
  return make("pre", { class: "frames", tabindex: "0" }, lines.map((line, number) => {
    if (FRAME.test(line)) ofTest = OF_A_TEST.test(line);
    const end = number < lines.length - 1 ? "\n" : "";
    return ofTest ? make("span", { class: "of-test" }, line, end) : line + end;
  }));
}

/** A text that is folded until it is asked for. */
function folded(title, text) {
  return make("details", { class: "folded" }, make("summary", {}, title), make("pre", { tabindex: "0" }, text));
}

/** One traceback of a test: the exception and the first line of its message come first. */
function failure(one) {
  const parts = [make("p", { class: "raised" }, one.raised || "")];
  if (one.before) parts.unshift(make("p", { class: "faint" }, one.before));
  if (one.more) parts.push(message(one.more));
  if (one.frames) parts.push(traceback(one.frames));
  if (one.runner) parts.push(folded("Frames of what runs the tests", one.runner));
  return make("div", { class: "failure" }, parts);
}

/** What was seen of a test: its failures, what else it says, its output, folded. */
function seen(details, fileOf) {
  const parts = [];
  const whole = (name) => ((details.cut || []).includes(name) ? [make("p", {}, "Shortened. ", make("a", { href: fileOf(name) }, "Full text"))] : []);
  if (details.why && details.why.trim() !== (details.detail || "").trim()) parts.push(make("p", { class: "bad" }, details.why));
  parts.push(...(details.failures || []).map(failure));
  if (details.detail) parts.push(make("pre", { class: "seen", tabindex: "0" }, details.detail));
  parts.push(...whole("detail"));
  if (details.output) parts.push(folded("Output", details.output), ...whole("output"));
  return parts;
}

/** The command that names the version at which the outcome changed, of a checkout also the commit; the axis can be chosen. */
function bisection(command, test) {
  const axes = command.includes(" --cpython ") ? ["commit", ...AXES_TO_BISECT] : AXES_TO_BISECT;
  const code = make("code", {});
  const fill = (axis) => { code.textContent = `${command} --axis ${axis}${axis === "commit" ? " --first GOOD" : ""} ${test}`; };
  const select = choice("Versions to search:", axes, axes[0], fill);
  fill(axes[0]);
  select.classList.add("beside");
  return make("div", { class: "command" }, select, code, " ", copier(() => code.textContent, "the command that bisects"));
}
