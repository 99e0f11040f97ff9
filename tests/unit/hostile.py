"""Text that breaks careless formats."""

from __future__ import annotations

from hypothesis import strategies as st

TEXTS = {
    "control characters": "a\x00b\x01c\x08d\x0b\x0c\x0e\x1f\x7f\x80\x9f",
    "a lone surrogate": "a\ud800b\udfff",
    "no characters": "\ufffe\uffff",
    "beyond the plane": "\U0001f40d\U0010ffff",
    "a script": "<script>alert(1)</script>",
    "an attribute": "\" onmouseover='alert(1)' x=\"",
    "directions": "a\u202eb\u2066c\u061cd\u200fe",
    "colours": "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "the end of CDATA": "<![CDATA[ ]]> ]]>",
    "entities": "&amp; &#0; &lt;!ENTITY x SYSTEM 'file:///etc/passwd'&gt; &nope;",
    "a comment": "<!-- -- -->",
    "lines": "one\ntwo\r\nthree\rfour\u2028five\x85six",
    "spaces": "  \t padded \t  ",
    "a table": "| a | b |\n| --- | --- |\n| `c` | **d** |",
    "markup of rich": "[red]not red[/red] [/] \\[",
    "templates": "{{ summary.run_id }} {% raw %}",
    "nothing": "",
}

UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
"""a pattern of what steers a terminal or misleads a reader"""

texts = st.text(st.characters() | st.sampled_from("\x00\x1b\ud800\udfff\ufffe<>&\"'|\\`\r\n"), max_size=40)
"""any text, that which is no valid Unicode, too"""
