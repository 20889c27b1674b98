"""The rate limit holds for all processes together, by way of Redis."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from integrations import gate

from .processes import broker


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with broker() as url, override_settings(REDIS_URL=url):
        yield url


def ask_as_another_process(operation: str) -> float:
    gate.limiter.cache_clear()
    return gate.seconds_over_rate("2/minute", "odoo", operation)


def test_processes_share_the_limit_of_an_operation(redis_url: str) -> None:
    waits = [ask_as_another_process("push_leads") for _ in range(3)]

    assert waits[:2] == [0, 0]
    assert 50 < waits[2] <= 60


def test_each_operation_has_a_limit_of_its_own(redis_url: str) -> None:
    for _ in range(3):
        ask_as_another_process("busy")

    assert ask_as_another_process("quiet") == 0
