"""An OpenID Connect provider on loopback that can be made to lie, as the outside world can."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

SUBJECT = "f3a1"
EMAIL = "zoe.marchand@ailleurs.example"


@dataclass(kw_only=True)
class Liar:
    """What the provider publishes and says; each part can be changed for a test."""

    issuer: str = ""
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    key_id: str = "k1"
    names_its_key: bool = True
    other_keys: list[dict[str, Any]] = field(default_factory=list)
    #: Signs instead of the published key.
    signing_key: Any = None
    algorithm: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    token_answer: tuple[int, bytes] | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    key_count: int = 0

    def authorize(self, url: str) -> str:
        """Sign the browser in; gives the code it comes back with."""
        query = parse_qs(urlsplit(url).query, strict_parsing=True)
        self.asked = {name: values[0] for name, values in query.items()}
        return f"code-of-{self.asked['state'][:8]}"

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **({"userinfo_endpoint": f"{self.issuer}/me"} if self.userinfo is not None else {}),
            **self.metadata,
        }

    def keys(self) -> dict[str, Any]:
        self.key_count += 1
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": self.key_id, "use": "sig"}, *self.other_keys]}

    def exchange(self, form: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        if self.token_answer is not None:
            return self.token_answer
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        right = (
            form["code"] == f"code-of-{self.asked['state'][:8]}"
            and form["redirect_uri"] == self.asked["redirect_uri"]
            and base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            == self.asked["code_challenge"]
            and base64.b64decode(authorization.removeprefix("Basic ")) == b"relais:secret"
        )
        if not right:
            return 400, b'{"error": "invalid_grant"}'
        said = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token()}
        return 200, json.dumps(said).encode()

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": "relais",
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "email": EMAIL,
            "email_verified": True,
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not ...}
        key = self.key if self.signing_key is None else self.signing_key
        headers = {"kid": self.key_id} if self.names_its_key else None
        return jwt.encode(kept, key, algorithm=self.algorithm, headers=headers)


@contextmanager
def lying() -> Iterator[Liar]:
    """A provider that listens on a port of its own."""
    liar = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages: dict[str, Any] = {
                "/.well-known/openid-configuration": liar.configuration,
                "/jwks": liar.keys,
                "/me": lambda: liar.userinfo,
            }
            self._answer(200, json.dumps(pages[self.path]()).encode())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            self._answer(*liar.exchange(form, self.headers["Authorization"]))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{liar.issuer}/jwks")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    liar.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
