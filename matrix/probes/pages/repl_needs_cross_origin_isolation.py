"""Upstream's worker starts and can wait for input in a page served without headers for cross-origin isolation."""

START = """
() => new Promise((done) => {
  const worker = new Worker("python.worker.js");
  worker.onerror = (event) => done(event.message);
  worker.onmessage = ({ data }) => {
    if (data.type === "ready") worker.postMessage({ type: "run", args: ["-c", "input()"] });
    if (data.type === "stdin") done("it waits for input");
    if (data.type === "finished") done(`it ended with ${data.returnCode}`);
  };
})
"""
WORKS = "it waits for input"


def probe(open_page, assets):
    with open_page() as page:
        isolated = page.evaluate(START)
    with open_page(isolated=False) as page:
        plain = page.evaluate(START)
    if isolated != WORKS:
        return {"holds": None, "saw": f"the interpreter does not start in an isolated page either: {isolated}"}
    return {"holds": plain != WORKS, "saw": f"with the headers {isolated}; without them: {plain}"}
