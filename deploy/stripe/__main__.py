"""Runs the stand-in for Stripe: `python -m deploy.stripe`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.stripe.api import Api
from deploy.stripe.courier import Courier
from deploy.stripe.reader import Reader
from deploy.stripe.server import Server
from deploy.stripe.store import Books

NEEDED = ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_STATE_FILE", "RELAIS_HTTP_PORT")


def main(environment: Mapping[str, str]) -> None:
    """Serves until it is ended, however that happens."""
    if empty := [name for name in NEEDED if not environment.get(name, "").strip()]:
        sys.exit(f"the stand-in for Stripe cannot start: set {', '.join(empty)}.")
    books = Books(Path(environment["STRIPE_STATE_FILE"]))
    api_keys = [key.strip() for key in environment["STRIPE_API_KEY"].split(",") if key.strip()]
    if any(not key.startswith("sk_test_") for key in api_keys):
        sys.exit("the stand-in for Stripe takes keys that begin with sk_test_ only.")
    address = (
        environment.get("RELAIS_HTTP_HOST", "127.0.0.1"),
        int(environment["RELAIS_HTTP_PORT"]),
    )
    server = Server(address, api=Api(books, api_keys=api_keys), books=books)
    if url := environment.get("STRIPE_WEBHOOK_URL", "").strip():
        Courier(books, url=url, secret=environment["STRIPE_WEBHOOK_SECRET"]).start()
    if pays_after_s := environment.get("STRIPE_READER_AFTER_S", "").strip():
        Reader(books, pays_after_s=float(pays_after_s)).start()
    server.serve_forever()


if __name__ == "__main__":
    main(os.environ)
