"""A file that a guest wrote still exists after the page is reloaded."""

RUN = """
(...args) => new Promise((done) => {
  const worker = new Worker("python.worker.js");
  const printed = [];
  worker.onerror = (event) => done(`the interpreter failed: ${event.message}`);
  worker.onmessage = ({ data }) => {
    if (data.type === "ready") worker.postMessage({ type: "run", args });
    if (data.type === "stdout" || data.type === "stderr") printed.push(data[data.type]);
    if (data.type === "finished") done(new TextDecoder().decode(new Uint8Array(printed)).trim());
  };
})
"""
WRITE = "open('left-behind', 'w').write('here'); print(open('left-behind').read())"
LOOK = "import os; print(os.path.exists('left-behind'))"


def probe(open_page, assets):
    with open_page() as page:
        wrote = page.evaluate(RUN, "-c", WRITE)
        if wrote != "here":
            return {"holds": None, "saw": f"no file could be written: {wrote}"}
        page.reload()
        there = page.evaluate(RUN, "-c", LOOK)
    words = {"True": "still there", "False": "gone"}.get(there, f"lost track of: {there}")
    return {"holds": {"True": False, "False": True}.get(there), "saw": f"after the page was loaded again the file is {words}"}
