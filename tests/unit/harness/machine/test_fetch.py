"""Settings of the environment that make every download impossible are reported as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.fetch import download, reachable, read
from matrix.errors import Unobtainable

URL = "https://example.org/sdk.tar.gz"
SETTINGS = [
    ("ALL_PROXY", "socks5://127.0.0.1:1", "socksio"),
    ("HTTPS_PROXY", "gopher://127.0.0.1:1", "gopher"),
    ("SSL_CERT_FILE", "gone.pem", "No such file"),
]


@pytest.mark.parametrize(("variable", "value", "named"), SETTINGS)
def test_a_bad_proxy_or_certificate_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, named: str
) -> None:
    monkeypatch.setenv(variable, value)
    for attempt in (lambda: download(URL, "5c" * 32, tmp_path), lambda: read(URL)):
        with pytest.raises(Unobtainable, match=named) as caught:
            attempt()
        assert URL in caught.value.message
        assert "ALL_PROXY" in caught.value.hint
        assert "SSL_CERT_FILE" in caught.value.hint
    assert named in (reachable(URL) or "")
    assert list(tmp_path.iterdir()) == []
