"""The till as an application that starts without the line: worker, manifest, enrolment."""

import json
from pathlib import Path

from chassis import texts
from chassis.db import Transaction
from chassis.http import ANYONE, Call
from chassis.shapes import File
from chassis.web import View, page
from chassis.web.render import static
from services.recharges.web import release

_WORKER = Path(__file__).parent / "static" / "till" / "worker.js"


class OfflinePages:
    """What a browser fetches once, to sell when nothing can be fetched."""

    @page("/caisse/sw.js", allow=ANYONE)
    def show_worker(self, tx: Transaction, call: Call) -> File:
        """Give the service worker: one for each release, with the files it has to keep."""
        kept = json.dumps({"name": release.name(), "files": release.files()}, indent=1)
        text = f"const RELEASE = {kept};\n\n{_WORKER.read_text(encoding='utf-8')}"
        return File(
            content=text.encode(),
            media_type="text/javascript; charset=utf-8",
            # It lies below the page that it serves.
            headers={"Service-Worker-Allowed": "/caisse"},
        )

    @page("/caisse/manifest.webmanifest", allow=ANYONE)
    def show_manifest(self, tx: Transaction, call: Call) -> File:
        """Say what the till is called and looks like among the applications of a tablet."""
        manifest = {
            "id": "/caisse",
            "name": texts.translate(
                "Relais, the till", language=call.language, service="recharges"
            ),
            "short_name": texts.translate("Till", language=call.language, service="recharges"),
            "lang": call.language,
            "start_url": "/caisse",
            "scope": "/caisse",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#ffffff",
            "icons": [{"src": static("relais.svg"), "sizes": "any", "type": "image/svg+xml"}],
        }
        return File(
            content=json.dumps(manifest, ensure_ascii=False).encode(),
            media_type="application/manifest+json; charset=utf-8",
        )

    @page("/caisse/appareil", allow=ANYONE)
    def show_enrolment(self, tx: Transaction, call: Call) -> View:
        """Ask for the code that makes this browser the device of a till."""
        return View("enrolment.html")
