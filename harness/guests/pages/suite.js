// The page of one guest. The interpreter runs in a worker, which reports by itself (report.js). The page holds a
// connection: the server sees by its end that the tab is gone, whatever ended it.
"use strict";

const PAUSE = 500; // milliseconds
const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");

// A person opens the page once for all guests of a run: it loads itself again when another guest has the server.
async function hold() {
  let guest;
  for (;;) {
    try {
      const answer = await fetch("guest", { method: "POST" });
      const served = await answer.text();
      guest ??= served;
      if (answer.ok && served !== guest) return location.reload();
      const reader = (await fetch("alive")).body.getReader();
      while (!(await reader.read()).done);
    } catch {
      // The server is not there, or not there yet.
    }
    await new Promise((done) => setTimeout(done, PAUSE));
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
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

addEventListener("pagehide", () => navigator.sendBeacon("closed", name));
hold();
const worker = new Worker(`suite.worker.js#${name}`);
worker.addEventListener("error", (event) => {
  event.preventDefault();
  fail(`${event.message ?? "the worker could not be started"}\n`);
});
