"""Checks that a rule can apply to some combination. A rule that cannot is a mistake in the data."""

from __future__ import annotations

from collections.abc import Iterable

from matrix.conditions import Condition
from matrix.errors import ConfigError, near
from matrix.model import Matrix, Target
from matrix.versions import Requirement, any_match

_Values = list[tuple[str, str, str]]
"""the values of one axis: id (or ""), name and version of each"""


def check(where: str, when: Condition, matrix: Matrix, *, of_builds: bool = False) -> None:
    """Raises ConfigError for a value that matches nothing on its axis, and for a condition that no combination meets.

    `where` is the condition's file and key path. A combination counts even if another rule leaves it out.
    """
    if when.runtime and of_builds:
        raise ConfigError(f"{where}.runtime: a build is the same for every runtime", hint="leave it out")
    _check_names(f"{where}.target", when.target, [target.id for target in matrix.targets])
    _check_requirements(f"{where}.sdk", when.sdk, _sdks(matrix))
    _check_requirements(f"{where}.cpython", when.cpython, _cpythons(matrix))
    _check_requirements(f"{where}.runtime", when.runtime, _runtimes(matrix))
    if not reaches(when, matrix, matrix.targets):
        raise ConfigError(
            f"{where}: no combination of the matrix meets all parts of it, although each part matches something",
            hint="see in targets.toml which SDK family and which runtimes each target has",
        )


def reaches(when: Condition, matrix: Matrix, targets: Iterable[Target]) -> bool:
    """Whether a condition holds for some combination of these targets, even one that a rule leaves out."""
    return any(
        (not when.target or target.id in when.target)
        and _met(when.sdk, [row for row in _sdks(matrix) if row[1] == target.sdk_family])
        and _met(when.cpython, _cpythons(matrix))
        and _met(when.runtime, [row for row in _runtimes(matrix) if row[1] in target.runtimes])
        for target in targets
    )


def _met(requirements: tuple[Requirement, ...], values: _Values) -> bool:
    return not requirements or any(any_match(requirements, name, version) for _, name, version in values)


def _check_names(where: str, names: tuple[str, ...], known: Iterable[str]) -> None:
    for number, name in enumerate(names):
        if name not in known:
            raise ConfigError(f"{where}[{number}]: {name!r} is not defined", hint=near(name, known))


def _check_requirements(where: str, requirements: tuple[Requirement, ...], values: _Values) -> None:
    for number, requirement in enumerate(requirements):
        found = {requirement.matches(name, version) for _, name, version in values}
        if True in found and (False in found or not requirement.excludes):
            continue
        hint = near(requirement.text.removeprefix("!"), [name for name, _, _ in values if name])
        effect = "excludes nothing" if False not in found else "matches nothing"
        raise ConfigError(f"{where}[{number}]: {requirement.text!r} {effect}", hint=hint)


def _sdks(matrix: Matrix) -> _Values:
    return [(sdk.id, sdk.family, sdk.version) for sdk in matrix.sdks]


def _cpythons(matrix: Matrix) -> _Values:
    """The CPythons of the matrix, and one version (without an id) of each series that a user's tree may have."""
    rows = [(cpython.id, "cpython", cpython.version) for cpython in matrix.cpythons]
    minors = [f"3.{minor}.0" for minor in range(11, 31)]
    rows += [("", "cpython", v) for v in minors if any(each.cpython.matches("cpython", v) for each in matrix.series)]
    return rows


def _runtimes(matrix: Matrix) -> _Values:
    return [(runtime.id, runtime.name, runtime.version) for runtime in matrix.runtimes]
