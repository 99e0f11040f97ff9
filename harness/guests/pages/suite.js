// The page of a guest, and of the guests that follow it in the same browser. The interpreter runs in a worker; what it
// reports (report.js), the page sends over a WebSocket. The server sees by the WebSocket's end that the tab is gone,
// whatever ended it.
"use strict";

const PAUSE = 100; // milliseconds
const REFUSED = 1008; // the server wants no more reports of this page
const encoder = new TextEncoder();
const unanswered = []; // messages, in their order
let name; // of what reports for this guest
let worker;
let acknowledged; // the number of the last message that was answered, which the worker waits for
let socket;

// Once for all guests. (A browser optimises the code of a module while it runs, and keeps that as long as the module.)
// What cannot be loaded is null: then the worker tries, and says why not.
async function load() {
  const module = WebAssembly.compileStreaming(fetch("python.wasm"));
  const data = fetch("archive.data").then((response) => response.arrayBuffer());
  const entries = fetch("archive.json").then((response) => response.json());
  const archive = Promise.all([data, entries]).then(([data, entries]) => ({ data, entries }));
  const [first, second] = await Promise.allSettled([module, archive]);
  return { module: first.value ?? null, archive: second.value ?? null };
}

const loading = load();

const sleep = () => new Promise((done) => setTimeout(done, PAUSE));

// The line before a message's bytes has the name, and the message's number, kind and length.
function send({ number, kind, bytes }) {
  const head = encoder.encode(`${name} ${number} ${kind} ${bytes.length}\n`);
  const message = new Uint8Array(head.length + bytes.length);
  message.set(head);
  message.set(bytes, head.length);
  socket.send(message);
}

function answer(last) {
  while (unanswered.length && unanswered[0].number <= last) unanswered.shift();
  Atomics.store(acknowledged, 0, last);
  Atomics.notify(acknowledged, 0);
}

function begin() {
  worker?.terminate();
  unanswered.length = 0;
  name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
  const begun = new Worker("suite.worker.js");
  begun.addEventListener("message", ({ data }) => {
    if (begun !== worker) return; // it was said before its end
    if (data instanceof Int32Array) {
      acknowledged = data;
    } else {
      unanswered.push(data);
      if (socket?.readyState === WebSocket.OPEN) send(data);
    }
  });
  begun.addEventListener("error", (event) => {
    event.preventDefault();
    if (begun === worker) fail(name, event.message ?? "the worker could not be started");
  });
  loading.then((loaded) => begun.postMessage(loaded));
  worker = begun;
}

// Resolves when the connection has ended, with its code.
function connect() {
  return new Promise((done) => {
    socket = new WebSocket(new URL("reports", location.href.replace("http", "ws")));
    socket.addEventListener("open", () => unanswered.forEach(send));
    socket.addEventListener("message", ({ data }) => answer(Number(data)));
    socket.addEventListener("close", ({ code }) => done(code));
  });
}

// When a guest has ended, its server goes. The next one has the same address, and the page makes a worker for its guest.
async function serve() {
  let loaded;
  let guest;
  for (;;) {
    try {
      const response = await fetch("guest", { method: "POST" });
      if (response.ok) {
        const [site, served] = (await response.text()).split(" ");
        loaded ??= site;
        if (site !== loaded) return location.reload();
        if (served !== guest) begin();
        guest = served;
        if ((await connect()) === REFUSED) return worker.terminate();
      }
    } catch {
      // The server is not there, or not there yet.
    }
    await sleep();
  }
}

// The worker has ended by an error that it could not report.
async function fail(failed, message) {
  while (failed === name) {
    try {
      const { status } = await fetch("failed", { method: "POST", body: `${failed}\n${message}\n` });
      if (status < 500) return;
    } catch {
      // As above.
    }
    await sleep();
  }
}

addEventListener("pagehide", () => navigator.sendBeacon("closed", name));
serve();
