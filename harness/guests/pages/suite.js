// The page of one guest. It passes on to the harness what the worker posts, in order: events of the driver,
// what the guest prints, and its end. The worker itself cannot do that while it runs, but its messages arrive.
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
