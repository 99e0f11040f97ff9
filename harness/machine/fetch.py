"""Download files, and hash them while they stream. No other module uses the network itself.

The package clients (apt, pip) download from the mirrors that the user has configured.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from harness.machine.branches import check_stopped
from harness.machine.hashing import file_sha256
from matrix.errors import HarnessFault, Unobtainable

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_ATTEMPTS = 3
_REDIRECTS = 5


class WrongHash(Unobtainable):
    """The downloaded file does not have the pinned hash. It was deleted."""


def download(
    url: str,
    sha256: str,
    directory: Path,
    *,
    timeout: httpx.Timeout = _TIMEOUT,
    pause: float = 1.0,
    tick: Callable[[int, int | None], None] = lambda received, total: None,
) -> Path:
    """Download `url` into `directory` and return the file, which is named by its hash. An existing file is reused.

    `tick` is called with the bytes received and the bytes expected (None when unknown). Server errors and broken
    transfers are retried after `pause` seconds, and after twice as long the next time.

    Raises WrongHash when the content does not have that `sha256`, Unobtainable when the download fails, HarnessFault
    when the file cannot be written.
    """
    name = url.rsplit("/", 1)[-1] or "download"
    target = directory / f"{sha256[:16]}-{name}"
    if target.is_file():
        if file_sha256(target) == sha256:
            return target
        target.unlink()  # it was damaged after the download
    directory.mkdir(parents=True, exist_ok=True)
    problem = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(pause * 2**attempt)
        try:
            return _fetch(url, sha256, target, timeout, tick)
        except httpx.HTTPStatusError as exc:
            problem = f"the server answered {exc.response.status_code} {exc.response.reason_phrase}"
            if exc.response.status_code < 500:
                break
        except httpx.ConnectError as exc:
            problem = f"no connection: {exc}"
            break
        except httpx.TimeoutException as exc:
            problem = f"no data in time ({type(exc).__name__})"
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            problem = f"{type(exc).__name__}: {exc}"
    raise Unobtainable(f"{url} cannot be fetched: {problem}")


def _client(url: str, timeout: httpx.Timeout) -> httpx.Client:
    """A client with the user's proxy and certificates. Raises Unobtainable when it cannot work with these settings."""
    try:
        return httpx.Client(follow_redirects=True, max_redirects=_REDIRECTS, timeout=timeout)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as exc:
        raise Unobtainable(
            f"{url}: no client for the proxy or the certificates that are set: {exc}",
            hint="correct HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
        ) from None


def _fetch(
    url: str,
    sha256: str,
    target: Path,
    timeout: httpx.Timeout,
    tick: Callable[[int, int | None], None],
) -> Path:
    client = _client(url, timeout)
    descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=target.parent)
    try:
        digest = hashlib.sha256()
        received = 0
        with (
            client,
            os.fdopen(descriptor, "wb") as file,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            response.raise_for_status()
            total = int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None
            for chunk in response.iter_raw():
                check_stopped()
                digest.update(chunk)
                file.write(chunk)
                received += len(chunk)
                tick(received, total)
        if digest.hexdigest() != sha256:
            raise WrongHash(
                f"{url} has sha256 {digest.hexdigest()}, but {sha256} is pinned",
                hint="do not use it: someone changed the file on its way or at its source. If upstream "
                "replaced it, find out why before you change the pin in matrix/data",
            )
        os.replace(temporary, target)
        return target
    except OSError as exc:
        raise HarnessFault(
            f"{target} cannot be written: {exc}",
            hint="free some space (`python -m harness cache`) or check the permissions",
        ) from exc
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def read(url: str, *, limit: int = 64 << 20, timeout: httpx.Timeout = _TIMEOUT) -> bytes:
    """The content at `url`. Raises Unobtainable when it cannot be read or is longer than `limit` bytes."""
    found = bytearray()
    try:
        with _client(url, timeout) as client, client.stream("GET", url) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes(1 << 20):
                found += chunk
                if len(found) > limit:
                    raise Unobtainable(f"{url} is longer than {limit >> 20} MiB")
    except httpx.HTTPStatusError as exc:
        raise Unobtainable(f"{url}: the server answered {exc.response.status_code}") from None
    except httpx.ConnectError as exc:
        raise Unobtainable(f"{url}: no connection: {exc}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise Unobtainable(f"{url} cannot be read: {type(exc).__name__}: {exc}") from None
    return bytes(found)


def reachable(url: str, *, timeout: float = 4.0) -> str | None:
    """None when the server has `url`; else the reason in a few words."""
    try:
        with _client(url, httpx.Timeout(timeout)) as client:
            response = client.head(url)
    except Unobtainable as exc:
        return exc.message.removeprefix(f"{url}: ")
    except httpx.TimeoutException:
        return "no answer in time"
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        return f"no connection ({exc})"
    return None if response.is_success else f"the server answered {response.status_code}"
