"""A certificate authority for tests, with one server and one client: 127.0.0.1 and nobody else."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

PARTIES = {
    "server": "subjectAltName=IP:127.0.0.1,DNS:localhost",
    "client": "extendedKeyUsage=clientAuth",
}


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files are."""

    folder: Path

    @property
    def ca(self) -> str:
        """The authority's certificate."""
        return str(self.folder / "ca.pem")

    def certificate(self, party: str) -> str:
        """The certificate of `server` or `client`."""
        return str(self.folder / f"{party}.pem")

    def key(self, party: str) -> str:
        """Its key."""
        return str(self.folder / f"{party}.key")

    def bundle(self, party: str) -> str:
        """Key and certificate in one file, as Kafka's brokers want them."""
        file = self.folder / f"{party}.bundle.pem"
        texts = (Path(self.key(party)), Path(self.certificate(party)))
        file.write_text("".join(text.read_text() for text in texts))
        return str(file)


def issue(folder: Path) -> Certificates:
    """Make the authority and both certificates in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder)
    authority = "-x509 -days 2 -subj /CN=test-ca -addext basicConstraints=critical,CA:TRUE"
    _openssl(f"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes {authority}", made, "ca")
    for party, extension in PARTIES.items():
        extensions = f"-addext basicConstraints=critical,CA:FALSE -addext {extension}"
        signed = f"-x509 -days 2 -subj /CN={party} {extensions} -CA {made.ca} -CAkey {folder}/ca.key"
        _openssl(f"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes {signed}", made, party)
    return made


def _openssl(line: str, made: Certificates, party: str) -> None:
    out = ["-keyout", made.key(party), "-out", made.certificate(party)]
    subprocess.run(["openssl", *line.split(), *out], check=True, capture_output=True)
