"""A private CA for tests, created with the openssl command."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Authority:
    """A CA in `folder`; clients must trust `bundle`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bundle = folder / "company-ca.pem"
        self._key = folder / "company-ca.key"
        _openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=A company of the tests"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *("-keyout", self._key, "-out", self.bundle),
        )

    def certificate(self, *names: str) -> tuple[Path, Path]:
        """Return a certificate for these hosts and its key."""
        stem = self._folder / names[0].replace("*", "_")
        key, request = stem.with_suffix(".key"), stem.with_suffix(".csr")
        certificate, extra = stem.with_suffix(".pem"), stem.with_suffix(".ext")
        hosts = ",".join(f"{'IP' if n[0].isdigit() else 'DNS'}:{n}" for n in names)
        extra.write_text(f"subjectAltName={hosts}\nextendedKeyUsage=serverAuth\n")
        _openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}"),
            *("-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-days", "2", "-extfile", extra),
            *("-CA", self.bundle, "-CAkey", self._key, "-CAcreateserial", "-out", certificate),
        )
        return certificate, key

    def server(self, *names: str) -> ssl.SSLContext:
        """Return the TLS context of a server of these hosts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate(*names))
        return context


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
