"""Draws docs/architecture.svg from the code's imports: the folders as boxes on floors, the imports as lines.

    python -m tools.map            write the drawing
    python -m tools.map --check    exit status 1, with a message, when the file is not what would be written

Standard library only. A number on a line counts pairs of modules: one that imports and one that it imports.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

TOP = Path(__file__).parents[1]
DRAWING = TOP / "docs/architecture.svg"

FLOORS = (("commands",), ("runs",), ("suite",), ("cells",), ("guests",), ("provide", "build"), ("machine",))
"""the folders of `harness`, from the top floor to the ground"""
REPORTS, MATRIX = "reports", "matrix"
FOLDERS = tuple(folder for floor in FLOORS for folder in floor)
PARTS = (*FOLDERS, REPORTS, MATRIX)
"""what has a box"""

Imports = Counter[tuple[str, str]]
"""how many pairs of a module and one that it imports, by their parts"""


def modules() -> dict[str, Path]:
    """The project's modules by name (`harness.cells.prepare`), with their files; not what only guests run."""
    files = [path for top in ("harness", REPORTS, MATRIX) for path in (TOP / top).rglob("*.py")]
    found = {}
    for path in sorted(files):
        inside = path.relative_to(TOP)
        if inside.is_relative_to("matrix/probes") or inside.is_relative_to("harness/guests/inside"):
            continue
        words = inside.with_suffix("").parts
        found[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return found


def part_of(module: str) -> str:
    """The part that a module belongs to; "" for the two files at the top of `harness`."""
    words = module.split(".")
    if words[0] != "harness":
        return words[0]
    return words[1] if len(words) > 1 and words[1] in FOLDERS else ""


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the project that a file imports, wherever it does. All imports of the project are absolute."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inside = names & known.keys()
            found |= inside if len(inside) == len(names) else inside | {node.module}
    return found & known.keys()


def count_imports() -> Imports:
    """How many pairs of modules import across each two parts."""
    known = modules()
    pairs = ((part_of(module), part_of(name)) for module, path in known.items() for name in imported(path, known))
    return Counter((upper, lower) for upper, lower in pairs if upper and lower and upper != lower)


def caption(part: str) -> str:
    """The first sentence of a folder's docstring."""
    directory = TOP / (part if part in (REPORTS, MATRIX) else f"harness/{part}")
    text = ast.get_docstring(ast.parse((directory / "__init__.py").read_bytes())) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return first.split(". ")[0].removesuffix(".").replace("`", "")


def sizes() -> Counter[str]:
    """How many modules each part has."""
    return Counter(part_of(module) for module, path in modules().items() if path.name != "__init__.py")


WIDTH = 1240
LEFT, BOX_WIDTH, BETWEEN, TOP_EDGE = 250, 480, 44, 106
"""pixels: the left edge and the width of a floor, the distance of two floors, the top of the first one"""
LINE = 18
"""pixels between two lines of text"""
GAP = 24
"""pixels between the two"""
LANE = 33
"""pixels between two lanes"""
ASIDE = 800
"""the left edge of the box of `reports`"""
FAR = 1040
"""the left edge of the box of `matrix`"""
SIDE_WIDTH = 176

OPEN_FIRST = {
    "commands": "test.py",
    "runs": "worker.py",
    "suite": "run.py",
    "cells": "prepare.py",
    "guests": "session.py",
    "provide": "obtain.py",
    "build": "execute.py",
    "machine": "process.py",
    REPORTS: "verdict.py",
    MATRIX: "model.py",
}
"""the module of each part that explains the others"""
SHELVES = (
    ("data/", "targets, SDKs, CPythons, runtimes and rules, as TOML"),
    ("limitations/", "what each platform cannot do, as TOML"),
    ("probes/", "guest scripts that show whether a limitation holds"),
)
"""the folders of `matrix`"""

COLOURS = {  # of the lines into a part: on white, on black
    "runs": ("#6b7280", "#9ca3af"),
    "suite": ("#b45309", "#f0b35e"),
    "cells": ("#15803d", "#6ed392"),
    "guests": ("#0e7490", "#5cc8e0"),
    "provide": ("#1d4ed8", "#8ab4ff"),
    "build": ("#7e22ce", "#cf9bff"),
    "machine": ("#be185d", "#ff8fc0"),
    REPORTS: ("#4d7c0f", "#b6d95f"),
    MATRIX: ("#475569", "#a9b8cc"),
}


@dataclass(frozen=True, kw_only=True)
class Box:
    """A part and where it is drawn."""

    part: str
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height


def height_for(part: str, width: int) -> int:
    """How high a box must be for its text: name, caption and, in a narrow box on a line each, file and count."""
    return 72 + LINE * (max(2, len(wrapped(caption(part), width - 32))) + int(width < BOX_WIDTH))


def boxes() -> dict[str, Box]:
    """Where each part is drawn."""
    found = {}
    y = TOP_EDGE
    for floor in FLOORS:
        width = (BOX_WIDTH - GAP * (len(floor) - 1)) // len(floor)
        height = max(height_for(part, width) for part in floor)
        for place, part in enumerate(floor):
            found[part] = Box(part=part, x=LEFT + place * (width + GAP), y=y, width=width, height=height)
        y += height + BETWEEN
    top, second, bottom = found["commands"].y, found["runs"].y, found["machine"].bottom
    found[REPORTS] = Box(part=REPORTS, x=ASIDE, y=top + 50, width=SIDE_WIDTH, height=second - top)
    found[MATRIX] = Box(part=MATRIX, x=FAR, y=top, width=SIDE_WIDTH, height=bottom - top)
    return found


def number(x: float, y: float, count: int, part: str) -> str:
    """A count on a line into a part."""
    wide = 13 + 8 * len(str(count))
    return (
        f'<rect class="pill {part}" x="{x - wide / 2:g}" y="{y - 10:g}" width="{wide}" height="20" rx="10"/>'
        f'<text class="count" x="{x:g}" y="{y + 4.5:g}" text-anchor="middle">{count}</text>'
    )


def line(path: str, part: str, *, arrow: bool = True) -> str:
    end = f' marker-end="url(#to-{part})"' if arrow else ""
    return f'<path class="line {part}" d="{path}"{end}/>'


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of at most so many pixels, about."""
    return textwrap.wrap(text, width=int(width / 6.9))


def lines_of(text: str, width: int, x: int, y: int, kind: str) -> tuple[str, int]:
    """Wrapped text from a first baseline on, and the baseline that follows."""
    rows = wrapped(text, width)
    drawn = "".join(
        f'<text class="{kind}" x="{x}" y="{y + LINE * row}">{escape(words)}</text>' for row, words in enumerate(rows)
    )
    return drawn, y + LINE * len(rows)


def draw_box(box: Box, size: int) -> str:
    """A part: its name, what it does, which of its modules to open first, how many it has."""
    prefix, directory = ("", box.part) if box.part in (REPORTS, MATRIX) else ("harness/", f"harness/{box.part}")
    if not (TOP / directory / OPEN_FIRST[box.part]).is_file():
        raise SystemExit(f"tools/map.py: OPEN_FIRST names {directory}/{OPEN_FIRST[box.part]}, which is not there")
    x, bottom = box.x + 16, box.bottom - 15
    words, y = lines_of(caption(box.part), box.width - 32, x, box.y + 49, "caption")
    if box.part == MATRIX:
        for name, text in SHELVES:
            more, below = lines_of(text, box.width - 32, x, y + 40, "caption")
            words += f'<text class="shelf" x="{x}" y="{y + 22}">{name}</text>{more}'
            y = below
    count = f"{size} module" + ("s" if size != 1 else "")
    end = box.x + box.width - 16
    where = f'x="{end}" y="{bottom}" text-anchor="end"'
    if box.width < BOX_WIDTH:
        where, bottom = f'x="{x}" y="{bottom}"', bottom - LINE
    return (
        f'<rect class="box {box.part}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="10"/>'
        f'<text class="name" x="{x}" y="{box.y + 27}"><tspan class="prefix">{prefix}</tspan>{box.part}</text>{words}'
        f'<text class="note" x="{x}" y="{bottom}">open first: <tspan class="file">{OPEN_FIRST[box.part]}</tspan></text>'
        f'<text class="note" {where}>{count}</text>'
    )


def draw_stairs(found: dict[str, Box], imports: Imports) -> list[str]:
    """The lines between folders on neighbouring floors, straight down."""
    drawn = []
    for upper, lower in itertools.pairwise(FLOORS):
        for above in upper:
            for below in lower:
                if count := imports[above, below]:
                    narrow = found[above] if len(upper) > 1 else found[below]
                    x, start, end = narrow.middle, found[above].bottom, found[below].y
                    drawn.append(line(f"M{x} {start} V{end - 9}", below))
                    drawn.append(number(x, start + 13 if len(lower) > 1 else (start + end) / 2 - 3, count, below))
    return drawn


def lanes(imports: Imports) -> dict[str, list[str]]:
    """Who imports each folder from more than one floor above, from the top floor down."""
    floor_of = {folder: level for level, floor in enumerate(FLOORS) for folder in floor}
    found = {}
    for part in FOLDERS:
        above = [folder for folder in FOLDERS if floor_of[folder] + 1 < floor_of[part] and imports[folder, part]]
        if above:
            found[part] = above
    return found


def draw_lanes(found: dict[str, Box], imports: Imports) -> list[str]:
    """The lines that skip floors: one lane for each folder they lead to, and each importer's way onto it."""
    drawn: list[str] = []
    every = lanes(imports)
    for place, (part, importers) in enumerate(every.items()):
        x = LEFT - 46 - LANE * place
        target = found[part]
        first = found[importers[0]].y + 16 + 11 * place
        if target.x > LEFT:  # the box to the right: over the one to the left, and down into it
            turn, down = target.y - 24, target.x + 60
            path = (
                f"V{turn - 8} Q{x} {turn} {x + 8} {turn} H{down - 8} Q{down} {turn} {down} {turn + 8} V{target.y - 9}"
            )
            drawn.append(line(f"M{x} {first} {path}", part))
        else:
            entry = target.bottom - 16
            drawn.append(line(f"M{x} {first} V{entry - 8} Q{x} {entry} {x + 8} {entry} H{LEFT - 9}", part))
        for importer in importers:
            y = found[importer].y + 16 + 11 * place
            drawn.append(line(f"M{LEFT} {y} H{x + 8} Q{x} {y} {x} {y + 8}", part, arrow=False))
            drawn.append(f'<circle class="stop {part}" cx="{x}" cy="{y + 8}" r="3"/>')
    for place, (part, importers) in enumerate(every.items()):
        for importer in importers:
            x, y = LEFT - 46 - LANE * place, found[importer].y + 16 + 11 * place
            drawn.append(number(x, y, imports[importer, part], part))
    return drawn


def draw_sideways(found: dict[str, Box], imports: Imports) -> list[str]:
    """The lines to `reports` and `matrix`, straight to the right."""
    drawn = []
    reports, matrix = found[REPORTS], found[MATRIX]
    for part in FOLDERS:
        box = found[part]
        upper = part == "commands"
        if count := imports[part, REPORTS]:
            y = box.bottom - 24 if box.y < reports.y else box.y + 26
            drawn.append(line(f"M{box.x + box.width} {y} H{reports.x - 9}", REPORTS))
            drawn.append(number((box.x + box.width + reports.x) / 2, y, count, REPORTS))
        if count := imports[part, MATRIX]:
            end = box.x + box.width
            if end < LEFT + BOX_WIDTH:  # the box to the left: under the one to the right
                y = box.bottom + 14
                start = f"M{end - 26} {box.bottom} V{y - 8} Q{end - 26} {y} {end - 18} {y}"
            else:
                y = box.y + 26 if upper else (box.bottom - 24 if part == "runs" else box.y + box.height // 2)
                start = f"M{end} {y}"
            drawn.append(line(f"{start} H{matrix.x - 9}", MATRIX))
            drawn.append(number(FAR - 36, y, count, MATRIX))
    if count := imports[REPORTS, MATRIX]:
        y = reports.y + reports.height // 2
        drawn.append(line(f"M{reports.x + reports.width} {y} H{matrix.x - 9}", MATRIX))
        drawn.append(number(FAR - 36, y, count, MATRIX))
    return drawn


def style() -> str:
    """The colours, for light and dark."""

    def palette(which: int) -> str:
        return "".join(f".{part}{{--line:{shades[which]}}}" for part, shades in COLOURS.items())

    return (
        "svg{--paper:#ffffff;--ink:#111827;--soft:#4b5563;--box:#f6f7f9;--frame:#c3c9d2;"
        "font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
        f"{palette(0)}"
        "@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#a5b0bd;--box:#171d26;--frame:#3d4654}"
        f"{palette(1)}}}"
        ".paper{fill:var(--paper)}.box{fill:var(--box);stroke:var(--frame);stroke-width:1.5}"
        ".name{fill:var(--ink);font-size:19px;font-weight:650}.prefix{fill:var(--soft);font-weight:400}"
        ".caption{fill:var(--ink);font-size:13px}.shelf{fill:var(--ink);font-size:13px;font-weight:650}"
        ".note{fill:var(--soft);font-size:12.5px}.file{font-family:ui-monospace,'DejaVu Sans Mono',monospace}"
        ".line{fill:none;stroke:var(--line);stroke-width:2}.stop{fill:var(--line)}"
        ".pill{fill:var(--paper);stroke:var(--line);stroke-width:1.5}"
        ".count{fill:var(--ink);font-size:12px;font-weight:600}.head{fill:var(--line)}"
        ".start{fill:none;stroke:var(--soft);stroke-width:2;stroke-dasharray:5 4}"
    )


def draw() -> str:
    """The whole drawing, as SVG."""
    imports, found, size = count_imports(), boxes(), sizes()
    upwards = [pair for pair in imports if pair not in downward()]
    if upwards:
        raise SystemExit(f"these imports lead upwards, which tests/unit/test_imports.py forbids: {upwards}")
    heads = "".join(
        f'<marker id="to-{part}" viewBox="0 0 10 10" refX="1" refY="5" markerWidth="10" markerHeight="10"'
        f' markerUnits="userSpaceOnUse" orient="auto"><path class="head {part}" d="M0 0L10 5L0 10z"/></marker>'
        for part in COLOURS
    )
    door = found["commands"]
    entrance = (
        f'<rect class="box" x="{LEFT}" y="22" width="{BOX_WIDTH}" height="42" rx="10"/>'
        f'<text class="name" x="{LEFT + 16}" y="48">noxfile.py</text>'
        f'<text class="note" x="{LEFT + BOX_WIDTH - 16}" y="47" text-anchor="end">sessions: what a user types</text>'
        f'<path class="start" d="M{door.middle} 64 V{door.y - 4}"/>'
        f'<text class="note" x="{door.middle + 12}" y="{door.y - 16}">starts python -m harness</text>'
    )
    note = "A number counts pairs of a module and one that it imports. Imports only go down and to the right."
    bottom = found["machine"].bottom + 36
    height = bottom + 28
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            ' role="img" aria-labelledby="title">',
            '<title id="title">The project\'s folders and the imports between them</title>',
            f"<style>{style()}</style><defs>{heads}</defs>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *draw_sideways(found, imports),
            entrance,
            *draw_stairs(found, imports),
            *(draw_box(box, size[part]) for part, box in found.items()),
            *draw_lanes(found, imports),
            f'<text class="note" x="{LEFT}" y="{bottom}">{escape(note)}</text>',
            "</svg>",
            "",
        ]
    )


def downward() -> set[tuple[str, str]]:
    """The pairs of parts of which the first may import the second."""
    level = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}
    pairs = {(upper, lower) for upper in FOLDERS for lower in FOLDERS if level[upper] < level[lower]}
    return pairs | {("commands", REPORTS), ("runs", REPORTS)} | {(part, MATRIX) for part in (*FOLDERS, REPORTS)}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.map", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 when the file is out of date"
    )
    check = parser.parse_args(argv).check
    drawing = draw()
    if not check:
        DRAWING.write_text(drawing, "utf-8")
    elif not DRAWING.is_file() or DRAWING.read_text("utf-8") != drawing:
        print(f"{DRAWING.relative_to(TOP)} is out of date: run `python -m tools.map`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
