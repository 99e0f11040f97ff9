// The terminal of the REPL page. The interpreter runs in the build's own python.worker.js. The worker posts what it
// prints, one character code at a time. When it needs input, it posts a shared buffer and waits for it: the first
// element becomes the number of characters, which follow.
"use strict";

const output = document.getElementById("output");
const line = document.getElementById("line");
const state = document.getElementById("state");
const history = [];
let recalled = 0;
let pending = new Uint8Array(); // typed bytes that the buffer had no room for yet
let waiting = null; // the buffer that the interpreter is waiting for

const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

function show(text, kind) {
  const last = output.lastChild;
  if (last && last.className === kind) {
    last.textContent += text;
  } else {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = text;
    output.append(part);
  }
  line.scrollIntoView({ block: "nearest" });
}

function give() {
  const room = waiting.length - 1;
  const given = pending.subarray(0, room);
  pending = pending.subarray(room);
  waiting.set(given, 1);
  Atomics.store(waiting, 0, given.length);
  Atomics.notify(waiting, 0);
  waiting = null;
}

function entered() {
  const text = line.value;
  if (text.trim()) history.push(text);
  recalled = history.length;
  show(`${text}\n`, "input");
  line.value = "";
  line.hidden = true;
  pending = new Uint8Array([...pending, ...new TextEncoder().encode(`${text}\n`)]);
  if (waiting) give();
}

line.addEventListener("keydown", (event) => {
  if (event.key === "Enter") entered();
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) {
    recalled = Math.min(Math.max(recalled + step, 0), history.length);
    line.value = history[recalled] ?? "";
    event.preventDefault();
  }
});
document.getElementById("terminal").addEventListener("click", () => {
  if (!getSelection().toString()) line.focus();
});

function received({ data }) {
  if (data.type === "ready") {
    state.textContent = "Ready. Type Python; Enter runs the line.";
    worker.postMessage({ type: "run", args: ["-i", "-q"] });
    show("Python in your browser\n", "stderr");
  } else if (data.type === "stdout" || data.type === "stderr") {
    const text = decoders[data.type].decode(new Uint8Array([data[data.type]]), { stream: true });
    show(text, data.type === "stderr" ? "stderr" : "stdout");
  } else if (data.type === "stdin") {
    waiting = new Int32Array(data.buffer);
    if (pending.length) {
      give();
    } else {
      line.hidden = false;
      line.focus();
    }
  } else if (data.type === "finished") {
    state.textContent = `The interpreter ended with status ${data.returnCode}. Reload the page for a new one.`;
    line.hidden = true;
  }
}

let worker;
if (!globalThis.crossOriginIsolated) {
  state.textContent =
    "This page lacks the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy: " +
    "without them a browser has no SharedArrayBuffer, and the interpreter cannot wait for input.";
} else {
  worker = new Worker("python.worker.js");
  worker.addEventListener("message", received);
  worker.addEventListener("error", (event) => {
    state.textContent = `The interpreter failed: ${event.message}`;
  });
}
