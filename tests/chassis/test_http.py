"""The HTTP door of any service: one effect a key, a problem document for all that goes wrong."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from deploy.local.home import ROOT
from tests.chassis.bus import eventually
from tests.fix_service import bearer, environment_of
from tests.fix_stack import Schema, Servers

ADMIN = bearer("admin")
THINGS = "/v1/things"


@dataclass(frozen=True, kw_only=True)
class Door:
    client: httpx.Client
    database_url: str

    def keep(
        self, *, key: str | None = None, as_: dict[str, str] = ADMIN, **thing: Any
    ) -> httpx.Response:
        headers = as_ | {"Idempotency-Key": key or str(uuid4())}
        return self.client.post(THINGS, json={"name": "Ida"} | thing, headers=headers)

    def sessions(self) -> int:
        """How many of the service's connections are inside a transaction; at most its pool's 8."""
        with psycopg.connect(self.database_url) as admin:
            row = admin.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state IN ('active', 'idle in transaction')"
            ).fetchone()
        assert row is not None
        return int(row[0])

    def numbers(self) -> list[int]:
        with psycopg.connect(self.database_url) as admin:
            return [row[0] for row in admin.execute("SELECT number FROM settlement.effect")]


@pytest.fixture(scope="module")
def door(servers: Servers, bus_template: str) -> Iterator[Door]:
    name = f"echo_{uuid4().hex[:8]}"
    with psycopg.connect(servers.admin_url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{bus_template}"'.encode())
    url = servers.admin_url(database=name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.chassis.echo_process"],
        cwd=ROOT,
        env=environment_of(Schema(url=url, admin_url=url), RELAIS_HTTP_PORT=str(port)),
    )
    try:
        base = f"http://127.0.0.1:{port}/api/settlement"
        with httpx.Client(base_url=base, timeout=60.0) as client:
            eventually(lambda: _answers(client), within_s=60.0)
            yield Door(client=client, database_url=url)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


class TestCommand:
    def test_happens_once_however_often_it_is_sent_at_once(self, door: Door) -> None:
        with ThreadPoolExecutor(12) as callers:
            answers = list(
                callers.map(lambda _: door.keep(key="once", number=12, do="dawdle"), range(12))
            )

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert door.numbers().count(12) == 1

    def test_keeps_the_status_of_its_first_answer(self, door: Door) -> None:
        answers = [door.keep(key="later", do="later") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].content == answers[1].content

    def test_does_not_answer_what_its_document_does_not_say(self, door: Door) -> None:
        failed = door.keep(number=15, do="otherwise")

        assert (failed.status_code, failed.json()["code"]) == (500, "relais.unforeseen")
        assert 15 not in door.numbers()

    def test_under_a_known_key_is_refused_with_another_body_or_to_another_person(
        self, door: Door
    ) -> None:
        assert door.keep(key="mine", number=13).status_code == 201

        for answer in (
            door.keep(key="mine", number=14),
            door.keep(key="mine", number=13, as_=bearer("admin")),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.key_reused")
        assert 14 not in door.numbers()

    def test_with_the_same_meaning_in_other_bytes_is_the_same(self, door: Door) -> None:
        headers = ADMIN | {"Idempotency-Key": "bytes"}
        bodies = ['{"name":"Ida","number":15}', '{ "number": 15, "name": "\\u0049da" }']

        answers = [door.client.post(THINGS, content=body, headers=headers) for body in bodies]

        assert answers[0].status_code == 201
        assert answers[0].content == answers[1].content

    @pytest.mark.parametrize(
        ("do", "status", "code"),
        [
            ("refuse", 409, "settlement.echo.not_today"),
            ("throttle", 429, "relais.throttled"),
            ("overflow", 422, "relais.invalid"),
            ("crash", 500, "relais.unforeseen"),
        ],
    )
    def test_that_fails_leaves_nothing_and_frees_its_key(
        self, door: Door, do: str, status: int, code: str
    ) -> None:
        before = sorted(door.numbers())

        failed = door.keep(key=f"free-{do}", number=16, do=do)

        assert (failed.status_code, failed.json()["code"]) == (status, code)
        assert failed.headers["Content-Type"] == "application/problem+json"
        assert "secret" not in failed.text
        assert failed.headers.get("Retry-After") == ("7" if do == "throttle" else None)
        assert sorted(door.numbers()) == before
        assert door.keep(key=f"free-{do}", number=16).status_code == 201

    def test_that_is_slow_and_sent_again_and_again_leaves_room_for_others(self, door: Door) -> None:
        finished: list[str] = []

        def slow(_: int) -> httpx.Response:
            answer = door.keep(key="slow", number=17, do="linger")
            finished.append("slow")
            return answer

        with ThreadPoolExecutor(40) as callers:
            answers = [callers.submit(slow, each) for each in range(40)]
            eventually(lambda: door.sessions() >= 2)  # the first one works, in its transaction
            other = door.keep(number=18)
            finished.append("other")

        assert other.status_code == 201
        assert finished[0] == "other", "it did not wait for the forty"
        assert {answer.result().status_code for answer in answers} == {201}
        assert len({answer.result().content for answer in answers}) == 1
        assert door.numbers().count(17) == 1


class TestQuery:
    def test_reads_its_path_and_its_parameters(self, door: Door) -> None:
        thing = door.keep(number=20).json()

        shown = door.client.get(
            f"{THINGS}/{thing['thing_id']}", params={"name": "é&="}, headers=bearer("referrer")
        )

        assert (shown.status_code, shown.json()["name"]) == (200, "é&=")
        assert 20 in door.client.get(THINGS, params={"limit": 200}, headers=ADMIN).json()

    @pytest.mark.parametrize(
        ("query", "field", "reason"),
        [
            ("?colour=blue", "colour", "Ce n'est pas une des valeurs permises : red, green."),
            ("?color=red", "color", "Ce champ n'est pas connu ici."),
            ("?name=a&name=b", "name", "Ce paramètre est donné deux fois."),
            ("?name=" + "x" * 41, "name", "Ce texte est trop long."),
        ],
    )
    def test_with_a_wrong_parameter_is_refused(
        self, door: Door, query: str, field: str, reason: str
    ) -> None:
        refused = door.client.get(f"{THINGS}/{uuid4()}{query}", headers=ADMIN)

        assert (refused.status_code, refused.json()["code"]) == (422, "relais.invalid")
        assert refused.json()["errors"] == [{"field": field, "reason": reason}]

    def test_reads_a_list_page_by_page(self, door: Door) -> None:
        wanted = list(range(9_000, 9_007))
        for number in reversed(wanted):
            door.keep(number=number)

        read: list[int] = []
        url, page_count = "/v1/things?limit=3&least=9000", 0
        while url:
            page = door.client.get(url, headers=ADMIN)
            read += page.json()
            page_count += 1
            next_page = page.links.get("next", {}).get("url", "")
            url = next_page.removeprefix("/api/settlement")

        assert (read, page_count) == (wanted, 3)
        assert door.client.get(f"{THINGS}?limit=0", headers=ADMIN).status_code == 422

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            (f"{THINGS}/{UUID(int=404)}", 404, "settlement.echo.no_thing"),
            (f"{THINGS}/12", 404, "relais.http"),
            (f"{THINGS}/{UUID(int=404)}?name=a%00b", 422, "relais.invalid"),
            (f"{THINGS}//", 404, "relais.http"),
            ("/v1/%ff%fe", 404, "relais.http"),
        ],
    )
    def test_of_what_is_not_there_is_a_problem(
        self, door: Door, path: str, status: int, code: str
    ) -> None:
        answer = door.client.get(path, headers=ADMIN)

        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestDoor:
    def test_is_open_to_anybody_where_it_says_so(self, door: Door) -> None:
        assert door.client.post("/v1/sizes", content=b"\xff" * 1_000).json() == 1_000

    def test_gives_a_file_as_what_it_is(self, door: Door) -> None:
        file = door.client.get("/v1/things.csv")

        assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert file.text == "numéro\n1\n"

    def test_gives_a_file_as_what_it_says_it_is(self, door: Door) -> None:
        file = door.client.get("/v1/papers")

        assert (file.headers["Content-Type"], file.content) == ("application/pdf", b"%PDF-")

    def test_has_a_limit_of_its_own(self, door: Door) -> None:
        answer = door.client.post("/v1/sizes", content=b"\xff" * 1_001)

        assert (answer.status_code, answer.json()["code"]) == (413, "relais.too_large")

    @pytest.mark.parametrize(
        ("language", "title"),
        [("en", "Not allowed"), ("fr", "Non autorisé"), ("", "Non autorisé")],
    )
    def test_speaks_the_language_that_is_asked_for(
        self, door: Door, language: str, title: str
    ) -> None:
        answer = door.keep(as_=bearer("referrer") | {"Accept-Language": language})

        assert (answer.status_code, answer.json()["title"]) == (403, title)


class TestConnection:
    @pytest.mark.parametrize(
        "sent",
        [
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
        ],
    )
    def test_that_makes_no_sense_or_ends_early_hurts_nobody(self, door: Door, sent: bytes) -> None:
        url = urlsplit(str(door.client.base_url))
        assert url.hostname
        assert url.port
        address = (url.hostname, url.port)
        # A server that has heard enough may hang up before all is sent.
        with suppress(OSError), socket.create_connection(address, timeout=20) as strange:
            strange.sendall(sent)
            strange.shutdown(socket.SHUT_WR)
            assert b" 5" not in strange.recv(65_536).partition(b"\r\n")[0]

        assert door.client.get("/healthz").status_code == 200
        assert door.keep().status_code == 201

    @pytest.mark.parametrize(
        "head",
        [
            b"GET /healthz HTTP/1.1\r\nHost : a",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\n folded: b",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nno colon",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b",
            b"GET /healthz HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5",
            b"GET /healthz HTTP/1.1\r\nContent-Length: +0",
            b"GET /healthz HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked",
            b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: gzip, chunked",
            b"GET /healthz HTTP/1.0\r\nTransfer-Encoding: chunked",
            b"GET /healthz",
            b"GET /healthz HTTP/2.0\r\nHost: a",
        ],
    )
    def test_whose_head_two_readers_may_read_differently_is_ended(
        self, door: Door, head: bytes
    ) -> None:
        port = urlsplit(str(door.client.base_url)).port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sly:
            sly.sendall(head + b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            answers = b"".join(iter(lambda: sly.recv(65_536), b""))

        assert answers.startswith(b"HTTP/1.1 400 ")
        assert answers.count(b"HTTP/1.") == 1

    def test_whose_address_is_too_long_is_told_so(self, door: Door) -> None:
        answer = door.client.get("/healthz", params={"q": "a" * 8_200})

        assert (answer.status_code, answer.json()["status"]) == (414, 414)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == "L'adresse est trop longue"
        assert door.client.get("/healthz").status_code == 200

    @pytest.mark.parametrize("more", [b"X: " + b"a" * 70_000, b"X: a\r\n" * 12_000])
    def test_whose_head_has_no_end_is_ended(self, door: Door, more: bytes) -> None:
        port = urlsplit(str(door.client.base_url)).port
        answers = b""
        with (
            suppress(ConnectionError),
            socket.create_connection(("127.0.0.1", port), timeout=20) as sly,
        ):
            sly.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n\r\n")
            while piece := sly.recv(65_536):
                answers += piece

        assert b" 200 " not in answers
        assert door.client.get("/healthz").status_code == 200

    @pytest.mark.parametrize(
        ("wish", "version", "stays"),
        [
            (b"", b"1.1", True),
            (b"Connection: close\r\n", b"1.1", False),
            (b"", b"1.0", False),
            (b"Connection: Keep-Alive\r\n", b"1.0", True),
        ],
    )
    def test_stays_open_as_its_caller_wishes(
        self, door: Door, wish: bytes, version: bytes, stays: bool
    ) -> None:
        port = urlsplit(str(door.client.base_url)).port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as caller:
            caller.sendall(b"GET /healthz HTTP/" + version + b"\r\nHOST: a\r\n" + wish + b"\r\n")
            assert caller.recv(65_536).startswith(b"HTTP/1.1 200 ")
            with suppress(OSError):
                caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            with suppress(OSError):
                assert caller.recv(65_536).startswith(b"HTTP/1.1 200 ") is stays

    @pytest.mark.parametrize(
        "body",
        [
            b"Content-Length: 900\r\n\r\nhalf",
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        ],
    )
    def test_that_ends_in_the_middle_of_a_body_brings_no_body(
        self, door: Door, body: bytes
    ) -> None:
        url = urlsplit(str(door.client.base_url))
        assert url.port
        with socket.create_connection(("127.0.0.1", url.port), timeout=20) as broken:
            broken.sendall(b"POST /api/settlement/v1/sizes HTTP/1.1\r\nHost: a\r\n" + body)
            with suppress(OSError):  # the server may have closed it before us
                broken.shutdown(socket.SHUT_WR)

            assert broken.recv(65_536).startswith(b"HTTP/1.1 400 ")

    def test_that_leaves_before_its_answer_is_still_heard(self, door: Door) -> None:
        url = urlsplit(str(door.client.base_url))
        body = b'{"name":"gone","number":31,"do":"dawdle"}'
        headers = ADMIN | {"Idempotency-Key": "gone", "Content-Length": str(len(body)), "Host": "a"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        assert url.port
        with socket.create_connection(("127.0.0.1", url.port)) as leaving:
            leaving.sendall(
                f"POST {url.path.rstrip('/')}{THINGS} HTTP/1.1\r\n{head}\r\n".encode() + body
            )

        eventually(lambda: 31 in door.numbers())


class TestPages:
    @pytest.mark.parametrize("prefix", ["", "/api/settlement"])
    @pytest.mark.parametrize(
        ("page", "kind"),
        [
            ("healthz", "application/json"),
            ("readyz", "application/json"),
            ("openapi.json", "application/json"),
            ("metrics", "text/plain"),
        ],
    )
    def test_are_there_with_and_without_the_services_name(
        self, door: Door, prefix: str, page: str, kind: str
    ) -> None:
        url = urlsplit(str(door.client.base_url))

        answer = httpx.get(f"{url.scheme}://{url.netloc}{prefix}/{page}", timeout=30)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
