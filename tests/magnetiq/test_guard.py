"""The tests stay on this machine."""

import socket

import pytest


def test_another_machine_is_out_of_reach():
    with socket.socket() as connection, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 80))


def test_another_machines_name_is_not_looked_up():
    with pytest.raises(socket.gaierror):
        socket.create_connection(("www.example.com", 80))


def test_this_machine_is_in_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = socket.create_connection(server.getsockname())
        peer = connection.getpeername()
        connection.close()

        assert peer == server.getsockname()
