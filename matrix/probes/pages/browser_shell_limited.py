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
LONG = 300
"""characters: more than the buffer of upstream's worker holds"""


def answer(page, *typed):
    """The line that the interpreter prints in reply to typed text."""
    page.evaluate("() => { terminal.shown = ''; }")
    for text in typed:
        page.evaluate("(text) => terminal.type(text)", text)
    try:
        page.wait_for_function("() => terminal.shown.includes('\\n') && terminal.shown.endsWith('>>> ')", timeout=5000)
    except Exception as exc:
        return f"no answer ({type(exc).__name__})"
    return page.evaluate("() => terminal.shown").split("\n")[-2].strip()


def probe(open_page, assets):
    html = re.sub(r' integrity="[^"]*"', "", (assets / "python.html").read_text("utf-8"))
    with open_page("/python.html", instead={"/python.html": html, "/lib/xterm.js": TERMINAL, "/css/xterm.css": ""}) as page:
        page.wait_for_selector("#repl:not([disabled])")
        page.click("#repl")
        page.wait_for_function("() => terminal.shown.endsWith('>>> ')")
        came = {
            "a character of two bytes": (answer(page, *"len('\u00e9')", "\r"), "1"),
            "an emoji that was erased again": (answer(page, *"len('", "\U0001f600", "\x7f", *"')", "\r"), "0"),
            "a short line that was pasted": (answer(page, "len('12345')\r"), "5"),
            f"a line of {LONG} characters that was pasted": (answer(page, f"len('{'x' * LONG}')\r"), str(LONG)),
        }
    works = [what for what, (got, right) in came.items() if got == right]
    fails = [what for what, (got, right) in came.items() if got != right]
    saw = f"right: {', '.join(works) or 'nothing'}; wrong: {', '.join(fails) or 'nothing'}"
    return {"holds": "partly" if works and fails else bool(fails), "saw": saw}
