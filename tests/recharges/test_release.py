"""What a browser keeps of the till: every file that it needs, as it is."""

import base64
import hashlib

from chassis.web import render
from services.recharges.web import release


class TestRelease:
    def test_names_what_the_page_and_its_scripts_need(self) -> None:
        assert {
            "/static/chassis/relais.css",
            "/static/chassis/icons.svg",
            "/static/chassis/page.js",
            "/static/chassis/api.js",
            "/static/recharges/till/till.css",
            "/static/recharges/till/main.js",
            "/static/recharges/till/offline/index.js",
            "/static/recharges/vendor/idb-8.0.4/index.js",
        } <= release.files().keys()
        assert not any("chart" in path or "drawer" in path for path in release.files())

    def test_says_the_digest_of_each(self) -> None:
        for path, digest in release.files().items():
            _, _, owner, name = path.split("/", 3)
            content = (render.folder_of(owner) / name).read_bytes()
            assert digest == f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
