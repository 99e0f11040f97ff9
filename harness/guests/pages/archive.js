// For workers: the files that an interpreter has in memory (`harness.build.stage.pack`).
"use strict";

function get(path, type) {
  const request = new XMLHttpRequest();
  request.open("GET", path, false);
  request.responseType = type;
  request.send();
  if (request.status !== 200) throw new Error(`${path}: ${request.status}`);
  return request.response;
}

function makeDirectories(fs, path) {
  let made = "";
  for (const part of path.split("/").filter(Boolean)) {
    made += `/${part}`;
    if (!fs.analyzePath(made).exists) fs.mkdir(made);
  }
}

function getArchive() {
  return { data: get("archive.data", "arraybuffer"), entries: get("archive.json", "json") };
}

function putArchive(fs, { data, entries }) {
  const bytes = new Uint8Array(data);
  const seen = new Set();
  for (const [path, start, end, modified] of entries) {
    const directory = path.slice(0, path.lastIndexOf("/"));
    if (!seen.has(directory)) makeDirectories(fs, directory);
    seen.add(directory);
    fs.writeFile(path, bytes.subarray(start, end), { canOwn: true });
    fs.utime(path, modified * 1000, modified * 1000);
  }
}
