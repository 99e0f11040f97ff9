"""In upstream's own page, python.html, pasting a long line and erasing a wide character work completely.

The page loads the widget that draws its terminal, xterm.js, from another site. This probe replaces it with a few lines
that pass typed text to the page's own code in the same way as xterm.js, and draw nothing.
"""

import re

TERMINAL = """
globalThis.Terminal = class {
  constructor() {
    globalThis.terminal = this;
    this.shown = "";
    this.buffer = { active: { cursorX: 4 } };
    this.decoder = new TextDecoder();
  }
  open() {}
  onKey() {}
  clear() {}
  onData(take) { this.type = take; }
  write(what) { this.shown += typeof what === "string" ? what : this.decoder.decode(what, { stream: true }); }
};
"""
START = """
async () => {
  globalThis.upstream = await openFrame("python.html");
  const button = upstream.document.getElementById("repl");
  if (!await until(() => !button.disabled, 120)) return "the interpreter is not ready after 120 s";
  button.click();
  return await until(() => upstream.terminal.shown.endsWith(">>> "), 120) ? "" : "there is no prompt after 120 s";
}
"""
ANSWER = r"""
async (...typed) => {
  const { terminal } = upstream;
  terminal.shown = "";
  for (const text of typed) terminal.type(text);
  const answered = () => terminal.shown.includes("\n") && terminal.shown.endsWith(">>> ");
  return await until(answered, 5) ? terminal.shown.split("\n").at(-2).trim() : "no answer";
}
"""
LONG = 300
"""characters: more than the buffer of upstream's worker holds"""


def probe(open_page, assets):
    if not (assets / "python.html").is_file():
        return {"holds": None, "saw": "the build has no python.html: CPython 3.14 and later have other pages"}
    html = re.sub(r' integrity="[^"]*"', "", (assets / "python.html").read_text("utf-8"))
    html = re.sub(r'"https:[^"]*/(xterm\.(?:js|css))"', r'"\1"', html)
    with open_page(instead={"/python.html": html, "/xterm.js": TERMINAL, "/xterm.css": ""}) as page:
        if problem := page.evaluate(START):
            return {"holds": None, "saw": problem}
        came = {
            "a character of two bytes": (page.evaluate(ANSWER, *"len('\u00e9')", "\r"), "1"),
            "an emoji that was erased again": (page.evaluate(ANSWER, *"len('", "\U0001f600", "\x7f", *"')", "\r"), "0"),
            "a short line that was pasted": (page.evaluate(ANSWER, "len('12345')\r"), "5"),
            f"a line of {LONG} characters that was pasted": (page.evaluate(ANSWER, f"len('{'x' * LONG}')\r"), str(LONG)),
        }
    works = [what for what, (got, right) in came.items() if got == right]
    fails = [what for what, (got, right) in came.items() if got != right]
    saw = f"right: {', '.join(works) or 'nothing'}; wrong: {', '.join(fails) or 'nothing'}"
    return {"holds": "partly" if works and fails else bool(fails), "saw": saw}
