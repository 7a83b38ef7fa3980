"""What the benchmark's figures rest on; `make bench-smoke` runs the whole of it."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from bench import impersonator
from bench.conversation import Conversation, moving, repeated
from bench.cpu import CLIENT, usage
from bench.impersonator.operations import operations as our_operations
from bench.impersonator.site import site as our_site
from bench.limits import Limits
from bench.load import Measurement, Served, measured
from bench.memory import peak_bytes
from bench.operation import Needs, Operation, Subject
from bench.peers import better_auth, django_hijack, oidc_provider
from bench.peers.better_auth.operations import operations as better_auth_operations
from bench.peers.better_auth.site import Site as BetterAuth
from bench.peers.django_hijack.operations import operations as django_hijack_operations
from bench.peers.django_hijack.site import Site as DjangoHijack
from bench.peers.oidc_provider.operations import operations as oidc_provider_operations
from bench.peers.oidc_provider.site import Site as OidcProvider
from bench.peers.packages import installed
from bench.peers.proof import ProofError, prove
from bench.rounds import taking_turns
from bench.talk import Expected, UnexpectedAnswerError
from bench.targets import RIVALRIES, Name, Reached, Rivalry, verdicts
from bench.wire import Credentials, get

LIMITS = Limits(
    es256_signatures=10_000,
    es256_verifications=5_000,
    rs256_signatures=1_000,
    rs256_verifications=20_000,
    reads=10_000,
    commits=5_000,
    http=20_000,
)

SOME = Measurement(answers=100, rate=1000, p50=0.002, p99=0.012, cpu={})
OURS, THEIRS = ("ours", "start"), ("theirs", "begin")


class Answering(asyncio.Protocol):
    """A server that answers whatever it is asked with the same words."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self.transport.write(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"active":false}')


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    yield Served(server.sockets[0].getsockname()[1], {})
    server.close()


async def test_every_answer_within_the_time_is_counted(served: Served) -> None:
    conversations = [repeated(get("/")) for _ in range(3)]

    found = await measured(served, conversations, expected=Expected(), seconds=0.05)

    assert found.answers >= 3
    assert 0 < found.p50 <= found.p99
    assert found.rate > 0


async def test_an_unexpected_answer_fails_the_measurement(served: Served) -> None:
    conversations = [repeated(get("/")) for _ in range(3)]

    with pytest.raises(UnexpectedAnswerError, match="active"):
        await measured(served, conversations, expected=Expected(words=b'"active":true'), seconds=5)


def test_a_request_that_was_never_sent_waits_again() -> None:
    waiting, done = deque([b"one", b"two"]), deque[bytes]()
    conversation = moving(waiting, done, lambda request: request)
    next(conversation)
    conversation.send(b"an answer to one")

    conversation.close()

    assert list(waiting) == [b"two"]
    assert list(done) == [b"one"]


def test_the_core_bounds_what_signs_and_reads_little() -> None:
    ceiling = LIMITS.ceiling(Needs(signatures=2, verifications=1, reads=1))

    assert ceiling == pytest.approx(1 / (1 / 20_000 + 2 / 10_000 + 1 / 5_000))


def test_the_database_bounds_what_commits_and_signs_nothing() -> None:
    ceiling = LIMITS.ceiling(Needs(reads=1, commits=1))

    assert ceiling == pytest.approx(1 / (1 / 10_000 + 1 / 5_000))


async def nobody(_connections: int) -> list[Conversation]:
    """Prepare nothing."""
    return []


def every_operation() -> set[Name]:
    """Of everybody who is measured, by the names of subject and operation."""
    us = our_operations(our_site(0, tokens=[""] * 4, secret="", connections=1))
    hijack = DjangoHijack(port=0, idle=deque(), customers=[])
    oidc = OidcProvider(port=0, refresh_tokens=[], access_tokens=[], service=Credentials(()))
    by_subject = {
        impersonator.NAME: us,
        impersonator.SMALL: us,
        better_auth.NAME: better_auth_operations(BetterAuth(port=0, admins=[], regulars=1)),
        oidc_provider.NAME: oidc_provider_operations(oidc),
        django_hijack.NAME: django_hijack_operations(hijack),
    }
    return {(subject, each.name) for subject, operations in by_subject.items() for each in operations}


def test_whatever_is_compared_is_measured() -> None:
    named = {name for rivalry in RIVALRIES for name in (rivalry.ours, rivalry.theirs)}

    assert named <= every_operation()


@pytest.mark.parametrize(
    ("rate", "reached"), [(6999, Reached.NO), (7000, Reached.AT_LEAST), (9999, Reached.AT_LEAST), (10_000, Reached.AIM)]
)
def test_a_ratio_is_said_as_it_is(rate: float, reached: Reached) -> None:
    rivalry = Rivalry("start", OURS, THEIRS, at_least=7, aim=10)

    found = rivalry.verdict({OURS: replace(SOME, rate=rate), THEIRS: SOME})

    assert found.value == pytest.approx(rate / 1000)
    assert found.reached is reached


def test_a_latency_is_better_when_it_is_shorter() -> None:
    rivalry = Rivalry("start", OURS, THEIRS, at_least=3, aim=4, by_latency=True)

    found = rivalry.verdict({OURS: SOME, THEIRS: replace(SOME, p50=0.008)})

    assert found.value == pytest.approx(4)
    assert found.reached is Reached.AIM


def test_what_was_not_measured_is_not_compared() -> None:
    assert list(verdicts({}, {})) == []


def test_memory_and_slow_answers_must_stay_below() -> None:
    found = {(impersonator.NAME, "start"): SOME}

    p99, memory = verdicts(found, {impersonator.NAME: 100_000_000})

    assert (p99.ours, p99.reached) == ("12.0 ms", Reached.NO)
    assert (memory.ours, memory.reached) == ("100.0 MB", Reached.AT_LEAST)


def test_everybody_has_his_turn_before_anybody_has_the_next() -> None:
    one, two, three = (Operation(name, nobody, Expected()) for name in ("one", "two", "three"))
    here = Served(0, {})

    figures = taking_turns([Subject("ours", here, [one, two]), Subject("theirs", here, [three])])

    assert [each.operation.name for each in figures] == ["one", "three", "two"]


def test_packages_are_installed_again_only_when_their_lock_changes(tmp_path: Path) -> None:
    peer, there, runs = tmp_path / "peer", tmp_path / "there", list[Path]()
    peer.mkdir()
    for lock in ("one", "one", "another"):
        (peer / "lock").write_text(lock)
        installed(peer, ["lock"], runs.append, into=there)

    assert runs == [there / "peer"] * 2
    assert (there / "peer/lock").read_text() == "another"


def test_a_peer_that_does_something_else_ends_the_run() -> None:
    with pytest.raises(ProofError, match="a refresh rotates"):
        prove("a refresh rotates", is_so=False)


def test_the_most_memory_a_process_had_is_known_on_linux() -> None:
    known = peak_bytes(os.getpid())

    assert (known is None) == (sys.platform != "linux")
    assert known is None or known > 1_000_000


def test_cpu_of_processes_that_have_ended_is_left_out() -> None:
    used = usage({"here": os.getpid(), "gone": 2**22 + 1})

    assert used.keys() - {"here"} == {CLIENT}
    assert used[CLIENT] > 0


def test_a_peak_of_nobody_is_not_known() -> None:
    assert peak_bytes(0) is None
