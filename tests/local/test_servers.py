"""The servers that every other test stands on."""

import psycopg
from kombu import Connection

from tests.fix_stack import Servers


class TestServers:
    def test_postgresql_listens_on_the_loopback_only(self, servers: Servers) -> None:
        with psycopg.connect(servers.admin_url()) as admin:
            assert admin.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)

    def test_a_test_module_has_a_vhost_of_its_own(self, amqp_url: str) -> None:
        with Connection(amqp_url) as broker:
            broker.connect()
            assert broker.virtual_host.startswith("test-")
