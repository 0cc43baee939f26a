"""No test reaches beyond this machine."""

import socket

import pytest

# An address for documentation (RFC 5737); no host has it.
OTHER_HOST = ("192.0.2.1", 80)


def test_connection_to_another_host_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"a test tried to reach 192\.0\.2\.1:80"):
        socket.create_connection(OTHER_HOST, timeout=1)


def test_connection_to_this_machine_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        with socket.create_connection(address, timeout=1) as connection:
            assert connection.getpeername() == address
