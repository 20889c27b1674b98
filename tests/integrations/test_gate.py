"""The gate: what passes, what is counted, what is written down."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import requests
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from integrations import breaker, errors, http, trigger
from integrations.gate import Conversation, Gate
from integrations.models import Connection, HourlyStat, Integration, IntegrationLog
from tests.postbox.sandbox import Answer, Postbox
from tests.timing import in_time

from .conftest import TOKEN, change, fresh, service

pytestmark = pytest.mark.django_db

ERRORS = [
    (Answer(503), errors.Unavailable, "unavailable"),
    (Answer(502), errors.Unavailable, "unavailable"),
    (Answer(504), errors.Ambiguous, "ambiguous"),
    (Answer(fault="cut"), errors.Ambiguous, "ambiguous"),
    (Answer(429), errors.RateLimited, "rate_limited"),
    (Answer(409, "busy"), errors.Conflict, "conflict"),
    (Answer(410, "deleted"), errors.Gone, "gone"),
    (Answer(422, "no"), errors.Rejected, "rejected"),
    (Answer(401, "who?"), errors.Misconfigured, "misconfigured"),
    (Answer(302, headers={"Location": "/elsewhere"}), errors.Misconfigured, "misconfigured"),
]


def post() -> dict[int, str]:
    return service().client.post("post_letters", [{"id": 1, "text": "Dear Ada"}])


@pytest.mark.parametrize(("answer", "error", "kind"), ERRORS, ids=lambda value: getattr(value, "__name__", None))
def test_answer_becomes_error_of_its_kind_and_is_logged(
    connection: Connection, postbox: Postbox, answer: Answer, error: type[Exception], kind: str
) -> None:
    postbox.script.append(answer)

    with pytest.raises(error):
        post()

    row = IntegrationLog.objects.get(operation="post_letters")
    assert (row.status, row.error_kind, row.size) == ("error", kind, 1)


@pytest.mark.parametrize(
    ("answer", "failures", "status"),
    [
        (Answer(503), 3, "failing"),
        (Answer(fault="cut"), 3, "failing"),
        (Answer(429), 0, "unknown"),
        (Answer(409), 0, "healthy"),
        (Answer(410), 0, "healthy"),
        (Answer(422), 0, "healthy"),
    ],
)
def test_only_silence_counts_as_failure(
    connection: Connection, postbox: Postbox, answer: Answer, failures: int, status: str
) -> None:
    Connection.objects.update(failures=2)
    postbox.script.append(answer)

    with pytest.raises(errors.IntegrationError):
        post()

    row = fresh()
    assert (row.failures, row.status) == (failures, status)


def test_bug_says_nothing_about_the_connection(connection: Connection) -> None:
    Connection.objects.update(failures=2, status="failing")

    with pytest.raises(ZeroDivisionError):
        service().gate.call("divide", lambda timeout: 1 / 0, translate=http.translate)

    row = fresh()
    assert (row.failures, row.status) == (2, "failing")
    assert IntegrationLog.objects.get(operation="divide").error_kind == "bug"


def test_worker_told_to_stop_during_a_call_is_no_success(connection: Connection) -> None:
    Connection.objects.update(failures=2, status="failing")

    def stopped(timeout: float) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        service().gate.call("post_letters", stopped, translate=http.translate)

    assert (fresh().failures, fresh().status) == (2, "failing")


def test_lost_answer_to_a_question_is_an_outage(connection: Connection, postbox: Postbox) -> None:
    postbox.script.append(Answer(fault="cut"))

    with pytest.raises(errors.Unavailable):
        service().client.owner()


def test_call_inside_a_transaction_is_refused(connection: Connection, postbox: Postbox) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        post()

    assert postbox.requests == []


def test_call_leaves_one_row_one_line_and_one_count(
    connection: Connection, postbox: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "integrations.gate")

    with trigger.triggered("api"):
        post()

    row = IntegrationLog.objects.get(operation="post_letters")
    assert (row.status, row.error_kind, row.trigger, row.size) == ("ok", "", "api", 1)
    assert len([record for record in caplog.records if "'call'" in record.getMessage()]) == 1
    assert HourlyStat.objects.get(operation="post_letters").calls == 1


def test_hour_sums_up_its_calls(connection: Connection, postbox: Postbox) -> None:
    postbox.script.extend([Answer(), Answer(503), Answer(422)])
    postbox.script[0].body = '{"refused": {}}'

    post()
    for _ in range(2):
        with pytest.raises(errors.IntegrationError):
            post()

    sums = HourlyStat.objects.get(operation="post_letters")
    spent = sum(IntegrationLog.objects.filter(operation="post_letters").values_list("duration_ms", flat=True))
    assert (sums.calls, sums.errors, sums.duration_ms) == (3, 2, spent)


@pytest.mark.parametrize("from_environment", [False, True])
def test_no_secret_and_no_address_gets_into_row_line_or_error(
    connection: Connection,
    postbox: Postbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    from_environment: bool,
) -> None:
    if from_environment:
        Connection.objects.update(secrets={})
        monkeypatch.setenv("POSTBOX_TOKEN", TOKEN)
    postbox.script.append(Answer(401, f"{TOKEN} is not ada@client.example's"))

    with pytest.raises(errors.Misconfigured) as caught:
        post()

    told = [IntegrationLog.objects.get(operation="post_letters").message, fresh().last_error, str(caught.value)]
    assert told == ["[secret] is not [address]'s"] * 3
    assert TOKEN not in caplog.text
    assert "client.example" not in caplog.text


def test_connect_is_repeated_while_nothing_was_sent(connection: Connection, postbox: Postbox) -> None:
    tries = []

    def busy(timeout: float) -> str:
        tries.append(timeout)
        if len(tries) < 3:
            raise errors.NotConnected("refused")
        return "answer"

    assert service().gate.call("post_letters", busy, translate=http.translate) == "answer"
    assert IntegrationLog.objects.filter(operation="post_letters").count() == 1


def refused() -> None:
    with pytest.raises(errors.Unavailable):
        post()


def test_closed_port_is_unavailable_within_a_second(connection: Connection) -> None:
    change(connection, url=f"http://127.0.0.1:{closed_port()}/")

    refused()
    assert fresh().failures == 1
    in_time(1, refused)


def test_nothing_is_repeated_once_it_was_sent(connection: Connection, postbox: Postbox) -> None:
    postbox.always = Answer(fault="cut")

    with pytest.raises(errors.Ambiguous):
        post()

    assert (postbox.connections, len(postbox.requests)) == (1, 1)


def test_timeout_of_the_settings_ends_a_call_that_hangs(connection: Connection, postbox: Postbox) -> None:
    change(connection, timeout=0.2)
    postbox.always = Answer(fault="hang")

    def hang() -> None:
        with pytest.raises(errors.Ambiguous):
            post()

    in_time(2, hang)


def test_full_rate_refuses_without_calling_until_there_is_room(connection: Connection, postbox: Postbox) -> None:
    change(connection, rate="2/minute")
    post()
    post()

    with pytest.raises(errors.Paused) as refused:
        post()

    assert refused.value.until is not None
    assert timedelta(0) < refused.value.until - timezone.now() <= timedelta(minutes=1)
    assert (len(postbox.requests), fresh().failures) == (2, 0)


def test_rate_is_kept_per_operation(connection: Connection, postbox: Postbox) -> None:
    change(connection, rate="1/minute")
    post()

    service().client.owner()

    assert len(postbox.requests) == 2


def test_full_rate_does_not_take_the_place_of_the_probe(connection: Connection, postbox: Postbox) -> None:
    change(connection, rate="1/minute")
    post()
    Connection.objects.update(failures=5, paused_until=timezone.now())
    before = fresh().paused_until

    with pytest.raises(errors.Paused):
        post()

    assert fresh().paused_until == before


def test_limiter_that_is_down_lets_calls_through(
    connection: Connection, postbox: Postbox, settings: LazySettings
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    change(connection, rate="1/minute")

    post()
    post()

    assert len(postbox.requests) == 2


def test_operators_pause_holds_calls_but_not_a_test(connection: Connection, postbox: Postbox) -> None:
    Integration.objects.filter(slug="postbox").update(paused_at=timezone.now())

    with pytest.raises(errors.Paused):
        post()
    Gate(fresh(), service().settings, forced=True).call("test", lambda timeout: None, translate=http.translate)

    assert postbox.requests == []
    assert IntegrationLog.objects.get(operation="test").status == "ok"


def test_forced_call_passes_an_open_breaker_and_closes_it(connection: Connection) -> None:
    Connection.objects.update(failures=5, paused_until=timezone.now() + timedelta(minutes=5))

    Gate(fresh(), service().settings, forced=True).call("test", lambda timeout: None, translate=http.translate)

    assert (fresh().failures, breaker.paused_until(fresh())) == (0, None)


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def test_no_call_goes_out_for_a_batch_that_took_too_long(connection: Connection, postbox: Postbox) -> None:
    """Its rows may be in other hands by now, with newer data."""
    gate = Gate(connection, service().settings)
    gate.closes_at = time.monotonic() - 1

    with pytest.raises(errors.Paused, match="took too long"):
        gate.call("post", lambda timeout: 1, translate=http.translate)


class Line:
    """What a conversation is held over: it says what it is told to say."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.said: list[str] = []

    def say(self, word: str) -> None:
        if word == "hang up":
            raise requests.ConnectTimeout
        self.said.append(word)


def talk(connect: Callable[[float], Line] = Line) -> AbstractContextManager[Conversation[Line]]:
    return service().gate.conversation("chat", connect, translate=http.translate)


def say(heard: Conversation[Line], *words: str) -> None:
    for word in words:
        heard.gate.keep_pace("chat")
        heard.step(lambda line, word=word: line.say(word))


def chat() -> IntegrationLog:
    return IntegrationLog.objects.get(operation="chat")


def test_conversation_is_one_row_one_line_and_one_count(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "integrations.gate")

    with trigger.triggered("delivery"), talk() as heard:
        say(heard, "hello", "bye")

    assert (heard.peer.said, heard.peer.timeout) == (["hello", "bye"], service().settings.timeout)
    assert (chat().status, chat().size, chat().trigger) == ("ok", 2, "delivery")
    assert len([record for record in caplog.records if "'call'" in record.getMessage()]) == 1
    assert HourlyStat.objects.get(operation="chat").calls == 1
    assert fresh().status == "healthy"


def test_conversation_has_its_row_before_it_begins(connection: Connection) -> None:
    """Attempts that are settled meanwhile refer to it."""
    gate = service().gate

    with gate.conversation("chat", Line, translate=http.translate):
        assert gate.last_log_id == chat().pk


def test_conversation_that_finds_nobody_is_an_outage(connection: Connection) -> None:
    tries = []

    def nobody(timeout: float) -> Line:
        tries.append(timeout)
        raise errors.NotConnected("refused")

    with pytest.raises(errors.Unavailable), talk(nobody):
        pass

    assert (len(tries), fresh().failures) == (3, 1)
    assert (chat().error_kind, chat().size) == ("unavailable", 0)


def test_conversation_that_breaks_off_is_an_outage_after_what_went_well(connection: Connection) -> None:
    Connection.objects.update(failures=3, status="failing")

    with pytest.raises(errors.Unavailable), talk() as heard:
        say(heard, "hello", "hang up")

    assert (fresh().failures, fresh().status) == (1, "failing")
    assert (chat().error_kind, chat().size) == ("unavailable", 1)


def test_refused_step_says_nothing_against_the_connection(connection: Connection) -> None:
    def refused(line: Line) -> None:
        raise errors.Rejected("No such word.")

    with talk() as heard:
        with pytest.raises(errors.Rejected):
            heard.step(refused)
        say(heard, "bye")

    assert (chat().status, chat().size, fresh().status) == ("ok", 1, "healthy")


def test_conversation_may_end_with_what_nobody_raised(connection: Connection) -> None:
    with talk() as heard:
        heard.error = errors.Ambiguous("cut")

    assert (chat().error_kind, fresh().failures) == ("ambiguous", 1)


def test_listener_who_goes_away_is_no_failure(connection: Connection) -> None:
    def listened() -> Iterator[None]:
        with talk() as heard:
            say(heard, "hello")
            yield

    for _ in listened():
        break

    assert (chat().status, fresh().failures, fresh().status) == ("ok", 0, "healthy")


def test_rate_counts_the_steps_of_a_conversation(connection: Connection) -> None:
    change(connection, rate="2/minute")

    with pytest.raises(errors.Paused), talk() as heard:
        say(heard, "one", "two", "three")

    assert heard.peer.said == ["one", "two"]
    assert (chat().status, chat().size, fresh().failures) == ("ok", 2, 0)


def test_conversation_inside_a_transaction_is_refused(connection: Connection) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"), talk():
        pass

    assert not IntegrationLog.objects.filter(operation="chat").exists()


def test_conversation_waits_while_an_operator_pauses(connection: Connection) -> None:
    Integration.objects.filter(slug="postbox").update(paused_at=timezone.now())

    with pytest.raises(errors.Paused), talk():
        pass

    assert not IntegrationLog.objects.filter(operation="chat").exists()
