"""The package index that the user has configured for pip. pip itself asks it and downloads from it."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from harness.machine.command import CommandFailed, capture
from harness.machine.process import client_environment
from matrix.archives import Wheel
from matrix.errors import Unobtainable

_MACHINES = ("x86_64", "aarch64")
_POLICIES = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""the platforms of acceptable wheels: packaging.python.org/specifications/platform-compatibility-tags"""


def install(wheel: Wheel, scratch: Path) -> Path:
    """Install a wheel by its hashes and return its directory, below `scratch`. Raises Unobtainable."""
    pins = " ".join(f"--hash=sha256:{sha256}" for sha256 in wheel.sha256.values())
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{wheel.project}=={wheel.version} {pins}\n")
    options = ["--quiet", "--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes"]
    target = scratch / "target"
    _pip(["install", *options, "--target", str(target), "-r", str(requirements)], f"{wheel.project}=={wheel.version}")
    return target


class NoDistribution(Unobtainable):
    """The index answered, but has no such version for such a machine."""


def _pip(arguments: list[str], wanted: str) -> str:
    """The output of pip. Raises Unobtainable with pip's reason why it cannot get what is `wanted`.

    It is NoDistribution when pip reached the index.
    """
    try:
        return capture([sys.executable, "-m", "pip", *arguments], env=client_environment(), timeout=900)
    except CommandFailed as exc:
        errors = [line for line in exc.output.splitlines() if "ERROR" in line or "error" in line]
        detail = (errors or exc.output.strip().splitlines() or ["pip printed nothing"])[0].strip()
        answered = "No matching distribution found" in exc.output and "Retrying (" not in exc.output
        raise (NoDistribution if answered else Unobtainable)(f"{wanted}: {detail}") from None


def versions_of(project: str) -> list[str]:
    """The versions of a project that the index has for this machine, newest first. Raises Unobtainable."""
    listing = _pip(["index", "versions", project], project)
    _, found, versions = listing.partition("Available versions:")
    if not found:
        raise Unobtainable(f"{project}: pip listed no versions", hint=f"try `pip index versions {project}`")
    return [version.strip() for version in versions.split("\n")[0].split(",")]


def hashes_of(project: str, version: str) -> dict[str, str]:
    """The sha256 of a version's wheel, by machine, for the machines that the index has one for.

    Raises Unobtainable when the index does not answer.
    """
    found: dict[str, str] = {}
    requirement = f"{project}=={version}"
    options = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--report", "-"]
    for machine in _MACHINES:
        tags = [word for policy in _POLICIES for word in ("--platform", f"{policy}_{machine}")]
        try:
            output = _pip(["install", *options, "--target", "unused", *tags, requirement], requirement)
        except NoDistribution:
            continue
        found[machine] = _reported_hash(output, requirement)
    return found


def _reported_hash(output: str, requirement: str) -> str:
    """The sha256 in pip's installation report, which may follow warnings."""
    try:
        report = msgspec.json.decode(output[output.index("{") :], type=_Report)
        return report.install[0].download_info.archive_info.hashes["sha256"]
    except (ValueError, LookupError, msgspec.DecodeError):
        raise Unobtainable(f"{requirement}: pip printed no installation report with a sha256") from None


class _ArchiveInfo(msgspec.Struct, frozen=True):
    hashes: dict[str, str]


class _DownloadInfo(msgspec.Struct, frozen=True):
    archive_info: _ArchiveInfo


class _Installed(msgspec.Struct, frozen=True):
    download_info: _DownloadInfo


class _Report(msgspec.Struct, frozen=True):
    """The fields that are read from pip's installation report (pip.pypa.io/en/stable/reference/installation-report)."""

    install: tuple[_Installed, ...]
