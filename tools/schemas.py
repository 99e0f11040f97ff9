"""Writes a JSON Schema for summary.json and for each kind of TOML file, made from the types that the code uses.

    python -m tools.schemas            write docs/reference/schemas/*.json
    python -m tools.schemas --check    exit status 1, with a message, when a file is not what would be written

The loader reads the TOML files as the same types, so a schema accepts nothing that the loader refuses for its shape.
The loader checks more than a schema can say: that ids are unique, that names are defined, that rules can apply.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import StructType, type_info

from matrix import files
from matrix.limitations import LimitationsFile
from matrix.versions import Requirement
from reports.page.site import Latest
from reports.summary import Summary

TOP = Path(__file__).parents[1]
DIRECTORY = TOP / "docs/reference/schemas"

KINDS: dict[str, type[msgspec.Struct]] = {
    "targets": files.TargetsFile,
    "sdks": files.SdksFile,
    "cpythons": files.CPythonsFile,
    "runtimes": files.RuntimesFile,
    "ports": files.PortsFile,
    "series": files.SeriesFile,
    "rules": files.RulesFile,
    "nightly": files.NightlyFile,
    "areas": files.AreasFile,
    "sources": files.Sources,
    "limitations": LimitationsFile,
    "summary": Summary,
    "latest": Latest,
}
"""the type of each file, by the schema's name"""


def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a file, with the docstrings of types and fields as descriptions."""
    made = msgspec.json.schema(kind, schema_hook=_custom)
    for definition in made["$defs"].values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    for struct in _structs(kind):
        properties = made["$defs"][struct.__name__]["properties"]
        for name, text in _field_docstrings(struct).items():
            # beside `$ref`, too: since draft 2019-09 its siblings count
            properties[name] = {"description": text} | properties[name]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | made


def texts() -> dict[Path, str]:
    """The content of each schema file."""
    return {DIRECTORY / f"{name}.json": json.dumps(schema(kind), indent=2) + "\n" for name, kind in KINDS.items()}


def _custom(kind: type) -> dict[str, Any]:
    """The schema of a type that JSON does not have."""
    if kind is Requirement:
        return {
            "type": "string",
            "minLength": 1,
            "description": "a version range (`wasi-sdk>=20`, `>=3.11,<3.14`), a version (`3.13`), or a glob over "
            "name-version (`wasmtime-5*`); with `!` before it, everything else (`!node-wasi<22`)",
        }
    if issubclass(kind, Path):
        return {"type": "string", "description": "a path"}
    raise TypeError(f"{kind} has no JSON Schema here")


def _structs(kind: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """The record types that a type contains, itself included."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = [type_info(kind)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, StructType):
            if info.cls in found:
                continue
            found.add(info.cls)
            waiting += [field.type for field in info.fields]
        for inner in ("type", "item_type", "value_type"):
            waiting += [getattr(info, inner)] if hasattr(info, inner) else []
        waiting += getattr(info, "types", ())
    return found


def _field_docstrings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The string below each field of a class and of its bases."""
    found: dict[str, str] = {}
    for cls in reversed(struct.__mro__):
        if cls.__module__.split(".")[0] in ("matrix", "reports"):
            body = ast.parse(inspect.getsource(cls)).body[0]
            assert isinstance(body, ast.ClassDef)
            found |= dict(_documented(body.body))
    return found


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            yield field.target.id, ast.literal_eval(below.value)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.schemas", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 when a file is out of date")
    arguments = parser.parse_args(argv)
    wanted = texts()
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    stale += sorted(set(DIRECTORY.glob("*.json")) - wanted.keys())
    if arguments.check:
        for path in stale:
            print(f"{path.relative_to(TOP)} is out of date: run `python -m tools.schemas`", file=sys.stderr)
        return 1 if stale else 0
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
        print(path.relative_to(TOP))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
