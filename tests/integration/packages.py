"""A small archive of packages that a test makes and changes: real .deb files, indexes and signatures, for a real apt.

apt reads it by `file:` addresses, so that neither a server nor a proxy of the machine is involved.
repository formats: https://wiki.debian.org/DebianRepository/Format, deb-control(5)
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.machine.hashing import file_sha256

FILES_OF_CLANG = ("clang", "clang++", "clang-cpp", "llvm-ar", "llvm-ranlib", "llvm-nm", "llvm-objdump", "llvm-strip")


class Package(NamedTuple):
    """A binary package: its files (text, by their paths below `/`) and what it depends on."""

    name: str
    version: str
    files: Mapping[str, str] = {}
    depends: str = ""


@contextmanager
def signing_key(home: Path) -> Iterator[Path]:
    """Make a key in a directory of its own. Gives the keyring with its public half."""
    home.mkdir(mode=0o700)
    keyring = home / "archive.gpg"
    _gpg(home, "--quick-generate-key", "An archive of a test <archive@example.org>", "ed25519", "sign", "never")
    keyring.write_bytes(_gpg(home, "--export"))
    try:
        yield keyring
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=True)


class LocalArchive:
    """Suites in a directory, and the configuration of an apt that has them as its mirror."""

    def __init__(self, directory: Path, keyring: Path) -> None:
        self.root = directory / "debian"
        self._home = keyring.parent
        self._made = directory / "made"
        self._architecture = _output("dpkg", "--print-architecture").strip()
        self.apt_config = directory / "apt.conf"
        sources = directory / "sources.list"
        lines = [
            f"deb [signed-by={keyring}] file:{self.root} {suite} main\n" for suite in ("stable", "stable-security")
        ]
        sources.write_text("".join(lines))
        (directory / "no-parts").mkdir()
        self.apt_config.write_text(
            f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "{directory / "no-parts"}";\n'
        )

    def publish(self, suite: str, *packages: Package, valid_for_days: int = 7) -> None:
        """Give a suite exactly these packages. Files that only it had before are gone, as in the archive's pool."""
        place, pool = self.root / "dists" / suite, self.root / "pool" / suite
        for old in (place, pool):
            shutil.rmtree(old, ignore_errors=True)
            old.mkdir(parents=True)
        index = "".join(self._paragraph(package, pool) for package in packages)
        texts = {f"main/binary-{self._architecture}/Packages": index, "main/source/Sources": ""}
        for name, text in texts.items():
            (place / name).parent.mkdir(parents=True)
            (place / name).write_text(text)
        self._sign(suite, place, list(texts), valid_for_days)

    def keep_a_day(self, service: Path, day: datetime.date) -> None:
        """Copy the archive as it is now to where a snapshot service has it for that day."""
        shutil.copytree(self.root, service / "debian" / f"{day:%Y%m%d}T235959Z")

    def _paragraph(self, package: Package, pool: Path) -> str:
        """A package's paragraph in the index; makes its file."""
        path = self._deb(package, pool)
        fields = _output("dpkg-deb", "--field", str(path))
        where = path.relative_to(self.root)
        return f"{fields}Filename: {where}\nSize: {path.stat().st_size}\nSHA256: {file_sha256(path)}\n\n"

    def _deb(self, package: Package, pool: Path) -> Path:
        shutil.rmtree(self._made, ignore_errors=True)
        (self._made / "DEBIAN").mkdir(parents=True)
        control = f"Package: {package.name}\nVersion: {package.version}\nArchitecture: {self._architecture}\n"
        control += "Maintainer: A test <archive@example.org>\nDescription: made by a test\n"
        control += f"Depends: {package.depends}\n" if package.depends else ""
        (self._made / "DEBIAN/control").write_text(control)
        for name, text in package.files.items():
            path = self._made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        path = pool / f"{package.name}_{package.version.replace(':', '%3a')}_{self._architecture}.deb"
        _output("dpkg-deb", "--root-owner-group", "--build", str(self._made), str(path))
        return path

    def _sign(self, suite: str, place: Path, indexes: list[str], valid_for_days: int) -> None:
        now = datetime.datetime.now(datetime.UTC)
        until = now + datetime.timedelta(days=valid_for_days)
        if until < now:
            now = until - datetime.timedelta(days=7)
        lines = [f"Suite: {suite}", f"Codename: {suite}", "Origin: a test", "Components: main"]
        lines += [f"Architectures: {self._architecture}", f"Date: {_http_date(now)}"]
        lines += [f"Valid-Until: {_http_date(until)}", "SHA256:"]
        for name in indexes:
            lines.append(f" {file_sha256(place / name)} {(place / name).stat().st_size} {name}")
        (place / "Release").write_text("\n".join(lines) + "\n")
        _gpg(self._home, "--clearsign", "--output", str(place / "InRelease"), str(place / "Release"))


def clang(llvm: int, version: str) -> list[Package]:
    """The packages of a clang that a WASI SDK is composed of, with tools that print the version."""
    prefix = f"usr/lib/llvm-{llvm}"

    def tools(*names: str) -> dict[str, str]:
        return {f"{prefix}/bin/{name}": f"#!/bin/sh\necho {name} {version}\n" for name in names}

    builtins = f"{prefix}/lib/clang/{llvm}/lib/wasi/libclang_rt.builtins-wasm32.a"
    return [
        Package(f"clang-{llvm}", version, tools("clang", "clang++", "clang-cpp"), f"libllvm{llvm} (= {version})"),
        Package(f"lld-{llvm}", version, tools("wasm-ld")),
        Package(f"llvm-{llvm}", version, tools(*(name for name in FILES_OF_CLANG if name.startswith("llvm-")))),
        Package(f"libclang-cpp{llvm}", version),
        Package(f"libllvm{llvm}", version, depends="libedit2"),
        Package("libedit2", f"3.1-{version.rpartition('-')[2]}", {"usr/lib/x86_64-linux-gnu/libedit.so.2": version}),
        Package(f"libclang-common-{llvm}-dev", version, {f"{prefix}/lib/clang/{llvm}/include/stddef.h": ""}),
        Package(f"libclang-rt-{llvm}-dev-wasm32", version, {builtins: version}),
    ]


def wasi_libc(upstream: str) -> Package:
    """A package of wasi-libc in an upstream version such as `0.0~git20260423.161b319`."""
    files = {f"usr/{part}/wasm32-wasi/version": upstream for part in ("include", "lib")}
    return Package("wasi-libc", f"{upstream}-2", files)


def _http_date(time: datetime.datetime) -> str:
    return f"{time:%a, %d %b %Y %H:%M:%S} UTC"


def _gpg(home: Path, *arguments: str) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--yes", "--passphrase", "", "--quiet", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
