// The page of one guest. The interpreter runs in a worker; what it reports (report.js), the page sends over a WebSocket.
// The server sees by the WebSocket's end that the tab is gone, whatever ended it.
"use strict";

const PAUSE = 500; // milliseconds
const REFUSED = 1008; // the server wants no more reports of this page
const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
const encoder = new TextEncoder();
const unanswered = []; // messages, in their order
let acknowledged; // the number of the last one that was answered, which the worker waits for
let socket;

const sleep = () => new Promise((done) => setTimeout(done, PAUSE));

// The line before a message's bytes has the page's name, and the message's number, kind and length.
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

// Resolves when the connection has ended, with its code.
function connect() {
  return new Promise((done) => {
    socket = new WebSocket(new URL("reports", location.href.replace("http", "ws")));
    socket.addEventListener("open", () => unanswered.forEach(send));
    socket.addEventListener("message", ({ data }) => answer(Number(data)));
    socket.addEventListener("close", ({ code }) => done(code));
  });
}

// A person opens the page once for all guests of a run: it loads itself again when another guest has the server.
async function stayConnected() {
  let guest;
  for (;;) {
    try {
      const response = await fetch("guest", { method: "POST" });
      const served = await response.text();
      guest ??= served;
      if (response.ok && served !== guest) return location.reload();
      if ((await connect()) === REFUSED) return worker.terminate();
    } catch {
      // The server is not there, or not there yet.
    }
    await sleep();
  }
}

// The worker has ended by an error that it could not report.
async function fail(message) {
  for (;;) {
    try {
      const { status } = await fetch("failed", { method: "POST", body: `${name}\n${message}` });
      if (status < 500) return;
    } catch {
      // As above.
    }
    await sleep();
  }
}

addEventListener("pagehide", () => navigator.sendBeacon("closed", name));
const worker = new Worker("suite.worker.js");
worker.addEventListener("message", ({ data }) => {
  if (data instanceof Int32Array) {
    acknowledged = data;
  } else {
    unanswered.push(data);
    if (socket?.readyState === WebSocket.OPEN) send(data);
  }
});
worker.addEventListener("error", (event) => {
  event.preventDefault();
  fail(`${event.message ?? "the worker could not be started"}\n`);
});
stayConnected();
