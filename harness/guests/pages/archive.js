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

function putArchive(fs) {
  const data = new Uint8Array(get("archive.data", "arraybuffer"));
  const seen = new Set();
  for (const [path, start, end, modified] of get("archive.json", "json")) {
    const directory = path.slice(0, path.lastIndexOf("/"));
    if (!seen.has(directory)) makeDirectories(fs, directory);
    seen.add(directory);
    fs.writeFile(path, data.subarray(start, end), { canOwn: true });
    fs.utime(path, modified * 1000, modified * 1000);
  }
}
