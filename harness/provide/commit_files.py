"""The files of a commit, read from git's database: the checkout's own files are not touched."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
import tempfile
from pathlib import Path

import msgspec

from harness.machine import git
from harness.machine.command import CommandFailed
from harness.machine.files import remove_tree, write_atomically
from harness.machine.store import Store
from matrix import json_records
from matrix.errors import Unobtainable

Wanted = dict[str, tuple[str, str]]
"""by name: the SHA-256 of its bytes (of a link: its target), and its kind as in `snapshot.Copied`"""


class CommitFiles:
    """The files of a commit of a checkout. What they are is remembered, so that git is asked once for each commit."""

    def __init__(self, tree: Path, commit: str, store: Store) -> None:
        self._tree, self._commit = tree, commit
        self._listing = store.root / "state" / "commits" / f"{commit}.json"
        self._place = store.root / "scratch"
        self._directory: Path | None = None
        self._archive: tarfile.TarFile | None = None
        self._members: dict[str, tarfile.TarInfo] = {}

    def wanted(self) -> Wanted:
        """What the files are. Raises Unobtainable when git cannot read the commit."""
        try:
            return json_records.decode(self._listing.read_bytes(), Wanted)
        except (OSError, msgspec.DecodeError):
            pass
        self._open()
        found = {name: (hashlib.sha256(self.read(name)).hexdigest(), _kind(one)) for name, one in self._members.items()}
        write_atomically(self._listing, json_records.encode(found))
        return found

    def read(self, name: str) -> bytes:
        """The content of a file, or a link's target. Raises Unobtainable when git cannot read the commit."""
        archive = self._open()
        member = self._members[name]
        if member.issym():
            return os.fsencode(member.linkname)
        file = archive.extractfile(member)
        return file.read() if file is not None else b""

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._archive is not None:
            self._archive.close()
        if self._directory is not None:
            remove_tree(self._directory)

    def _open(self) -> tarfile.TarFile:
        if self._archive is None:
            self._directory = Path(tempfile.mkdtemp(prefix=f"commit-{os.getpid()}-", dir=self._place))
            target = self._directory / "sources.tar"
            try:
                git.archive(self._tree, self._commit, target)
            except CommandFailed as exc:
                raise Unobtainable(
                    f"git cannot read commit {self._commit[:10]} of {self._tree}: {exc.output.strip()}",
                    hint="`git fetch` or `git fsck` there",
                ) from None
            self._archive = tarfile.open(target)  # noqa: SIM115  closed by `close`
            self._members = {one.name: one for one in self._archive if one.isreg() or one.issym()}
        return self._archive


def _kind(member: tarfile.TarInfo) -> str:
    return "link" if member.issym() else "program" if member.mode & stat.S_IXUSR else "file"
