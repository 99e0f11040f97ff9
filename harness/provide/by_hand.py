"""No browser: a person opens an address in one of theirs."""

from __future__ import annotations

import os
import secrets

from harness.machine.files import write_atomically
from harness.machine.hashing import digest_of
from harness.machine.store import Store
from harness.provide.provider import Obtained, Say, silently

_TOKEN = secrets.token_urlsafe(32)
"""of this run"""
ADDRESS = f"http://127.0.0.1:8400/{_TOKEN}/suite.html"


class ByHand:
    """A file with the address. No other run may use its results: who knows which browser opens it?"""

    name = "a person"

    def obstacle(self, store: Store) -> str | None:
        return None

    def cached(self, store: Store) -> Obtained | None:
        return self.obtain(store, silently)

    def obtain(self, store: Store, say: Say) -> Obtained:
        path = store.root / "state" / "by-hand.txt"
        write_atomically(path, f"{ADDRESS}\n".encode())
        os.chmod(path, 0o600)
        return Obtained(
            path=path,
            provider=self.name,
            detail="the browser in which a person opens the page",
            digest=digest_of("by hand", _TOKEN),
        )
