"""How pages are made: the templates' environment, and files of the folder as they are. Pure, but for reading them."""

from __future__ import annotations

from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from matrix.text import shortened, visible
from reports.differences import NO_SUCH_TEST, short_names
from reports.file import File, text_file
from reports.limitation_matrix import MARKS
from reports.page.squares import LEGEND
from reports.page.timing import lanes
from reports.render import figures, in_units, state, tone
from reports.shared import in_words, untested
from reports.tracebacks import raised

_HERE = Path(__file__).parent
MOST_ROWS = 200
"""rows of a table on the first page; summary.json has all"""


def json_script(value: object) -> Markup:
    """A value as JSON within a `<script type="application/json">`, which nothing in it can end."""
    text = msgspec.json.encode(value).decode()
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704  # JSON, and no "<"


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
)
_ENVIRONMENT.filters |= {"raised": raised, "shortened": shortened, "json_script": json_script}
_ENVIRONMENT.globals |= {
    "state": state,
    "tone": tone,
    "short_names": short_names,
    "most": MOST_ROWS,
    "lanes": lanes,
    "marks": MARKS,
    "figures": figures.figures,
    "named": figures.named,
    "explanations": figures.explanations,
    "explained": figures.EXPLAINED,
    "no_such_test": NO_SUCH_TEST,
    "in_words": in_words,
    "untested": untested,
    "in_units": in_units,
    "legend": LEGEND,
}


def rendered(template: str, name: str, root: str, **values: object) -> File:
    """A page made of a template; `root` leads from it to the directory of its styles and scripts."""
    return text_file(name, _ENVIRONMENT.get_template(template).render(root=root, **values))


def asset(name: str) -> File:
    """A style sheet or a script of the pages."""
    return File(f"page/{name}", (_HERE / name).read_bytes())
