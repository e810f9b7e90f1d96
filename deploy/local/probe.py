"""Questions that tell whether a server answers, each bounded by two seconds."""

import http.client
import socket

LIMIT_S = 2.0
AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
AMQP_METHOD_FRAME = b"\x01"


def http_ok(port: int, *, path: str) -> bool:
    """Whether a server of ours answers 200 there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S):
            return True
    except OSError:
        return False


def amqp_greets(port: int) -> bool:
    """RabbitMQ answers the protocol header with Connection.Start once it takes clients."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as broker:
            broker.sendall(AMQP_GREETING)
            return broker.recv(1) == AMQP_METHOD_FRAME
    except OSError:
        return False
