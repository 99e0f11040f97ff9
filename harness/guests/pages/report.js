// How a worker reports to the harness: in messages with numbers, which its page sends (suite.js). The worker goes on when
// the server has acknowledged a message, so nothing that it reported is lost when the tab dies. Only that a test has
// stopped does not wait: what comes next does, and comes later.
"use strict";

const report = (() => {
  const STOP = '{"event":"stop"';
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  if (!self.SharedArrayBuffer) {
    throw new Error("the page has no SharedArrayBuffer (WebKitGTK has it with JSC_useSharedArrayBuffer=1)");
  }
  const acknowledged = new Int32Array(new SharedArrayBuffer(4));
  let number = 0;
  postMessage(acknowledged);

  return (kind, data) => {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    number += 1;
    postMessage({ number, kind, bytes });
    if (kind === "events" && decoder.decode(bytes.subarray(0, STOP.length)) === STOP) return;
    for (let last; (last = Atomics.load(acknowledged, 0)) < number;) Atomics.wait(acknowledged, 0, last);
  };
})();
