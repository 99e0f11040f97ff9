// The page of one guest. It sends what the worker posts on to the harness, in order: the driver's events, what the
// guest prints, and its end. The worker cannot send requests itself while the interpreter runs, but it can post.
"use strict";

let queue = [];
let sending = false;

async function send() {
  if (sending) return;
  sending = true;
  while (queue.length) {
    const batch = queue;
    queue = [];
    for (const kind of ["events", "output", "end"]) {
      const parts = batch.filter((message) => message.kind === kind).map((message) => message.data);
      if (parts.length) await fetch(`/${kind}`, { method: "POST", body: new Blob(parts) });
    }
  }
  sending = false;
}

function post(kind, data) {
  queue.push({ kind, data });
  send();
}

const worker = new Worker("suite.worker.js");
worker.addEventListener("message", ({ data }) => post(data.kind, data.data));
worker.addEventListener("error", (event) => {
  event.preventDefault();
  post("output", `${event.message ?? "the worker could not be started"}\n`);
  post("end", "134");
});
