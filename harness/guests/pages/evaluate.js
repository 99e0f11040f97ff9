// The page of a page probe: asks the harness for functions, calls them, and answers with what they return. They may use
// openFrame() and until().
"use strict";

// The window of another page of the server, once it has been loaded.
function openFrame(path) {
  const frame = document.createElement("iframe");
  frame.src = path;
  return new Promise((done) => {
    frame.addEventListener("load", () => done(frame.contentWindow));
    document.body.append(frame);
  });
}

// Whether a condition was met within so many seconds.
async function until(condition, seconds) {
  const end = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 20));
  }
  return true;
}

async function post(path, data) {
  const response = await fetch(path, { method: "POST", body: JSON.stringify(data) });
  const text = await response.text();
  return text && JSON.parse(text);
}

async function call({ script, values }) {
  try {
    return { value: await (0, eval)(script)(...values) };
  } catch (error) {
    return { error: `${error}\n${error?.stack ?? ""}` };
  }
}

(async () => {
  for (;;) {
    const asked = await post("next", null);
    if (asked.reload) return location.reload();
    if (asked) await post("answer", await call(asked));
  }
})();
