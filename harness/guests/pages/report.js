// How a worker reports to the harness: in messages with numbers. It goes on when the server has acknowledged one, so
// nothing that it reported is lost when the tab dies. The line before a message's bytes has the page's name (the fragment
// of the worker's address), and the message's number, kind and length.
"use strict";

const report = (() => {
  const PAUSE = 500; // milliseconds until a message is sent again
  const encoder = new TextEncoder();
  const bell = new Int32Array(new SharedArrayBuffer(4)); // nobody rings it
  const page = location.hash.slice(1);
  let number = 0;

  function isAcknowledged(message) {
    const request = new XMLHttpRequest();
    request.open("POST", "report", false);
    try {
      request.send(message);
    } catch {
      return false; // the server is not there
    }
    if (request.status >= 400 && request.status < 500) {
      close();
      throw new Error(`the harness refuses reports: ${request.status} ${request.responseText}`);
    }
    return request.status === 200 && Number(request.responseText) >= number;
  }

  return (kind, data) => {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    number += 1;
    const message = new Blob([`${page} ${number} ${kind} ${bytes.length}\n`, bytes]);
    while (!isAcknowledged(message)) Atomics.wait(bell, 0, 0, PAUSE);
  };
})();
