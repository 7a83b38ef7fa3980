"""What the machine can do at best: the parts that no implementation saves, each measured alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from bench.conversation import repeated
from bench.load import Served, measured
from bench.machine import Placement, moved
from bench.operation import Needs
from bench.talk import Expected
from bench.wire import get

MESSAGE = b"a" * 700
"""As long as the signed part of an impersonation access token."""

TABLE = "CREATE TABLE bench_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text NOT NULL)"
READ = "SELECT words FROM bench_row WHERE id = 1"
WRITE = "INSERT INTO bench_row (words) VALUES ('as short as a row can be')"


@dataclass(frozen=True, slots=True)
class Limits:
    """Per second, on the server's core; the database's with as many connections as the load has."""

    es256_signatures: float
    es256_verifications: float
    rs256_signatures: float
    rs256_verifications: float
    reads: float
    commits: float
    http: float

    def ceiling(self, needs: Needs) -> float:
        """Requests per second that no server here exceeds: its core speaks HTTP and signs, the database does rows."""
        core = 1 / self.http + needs.signatures / self.es256_signatures + needs.verifications / self.es256_verifications
        database = needs.reads / self.reads + needs.commits / self.commits
        return 1 / max(core, database)


@dataclass(frozen=True, slots=True)
class Measuring:
    """Where the limits are looked for, and for how many seconds each."""

    placement: Placement
    bare: Served
    dsn: str
    connections: int
    seconds: float

    async def limits(self) -> Limits:
        """All of them, on the core that the server has during its own measurements; it is idle meanwhile."""
        with moved(self.placement.server, self.placement.others):
            es256_signatures, es256_verifications = map(self._calls, _es256())
            rs256_signatures, rs256_verifications = map(self._calls, _rs256())
            reads, commits = await self._statements(READ), await self._statements(WRITE)
        return Limits(
            es256_signatures=es256_signatures,
            es256_verifications=es256_verifications,
            rs256_signatures=rs256_signatures,
            rs256_verifications=rs256_verifications,
            reads=reads,
            commits=commits,
            http=await self._http(),
        )

    def _calls(self, call: Callable[[], object]) -> float:
        begun_at, count, elapsed = perf_counter(), 0, 0.0
        while elapsed < self.seconds:
            call()
            count, elapsed = count + 1, perf_counter() - begun_at
        return count / elapsed

    async def _statements(self, sql: str) -> float:
        connections = [await asyncpg.connect(self.dsn) for _ in range(self.connections)]
        try:
            prepared = [await connection.prepare(sql) for connection in connections]
            begun_at = perf_counter()
            counts = await asyncio.gather(*(self._executions(each, begun_at + self.seconds) for each in prepared))
            return sum(counts) / (perf_counter() - begun_at)
        finally:
            for connection in connections:
                await connection.close()

    async def _executions(self, statement: PreparedStatement, ends_at: float) -> int:
        """One at least, so that a busy machine is slow and not infinitely slow."""
        await statement.fetchval()
        count = 1
        while perf_counter() < ends_at:
            await statement.fetchval()
            count += 1
        return count

    async def _http(self) -> float:
        conversations = [repeated(get("/")) for _ in range(self.connections)]
        return (await measured(self.bare, conversations, expected=Expected(), seconds=self.seconds)).rate


async def make_table(dsn: str) -> str:
    """Make the table that reads and commits are measured with, durable like the service's; answers the version."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(TABLE)
        await connection.execute(WRITE)
        version: str = await connection.fetchval("SHOW server_version")
        return version
    finally:
        await connection.close()


def _es256() -> tuple[Callable[[], object], Callable[[], object]]:
    private, how = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256())
    public, signature = private.public_key(), private.sign(MESSAGE, how)
    return lambda: private.sign(MESSAGE, how), lambda: public.verify(signature, MESSAGE, how)


def _rs256() -> tuple[Callable[[], object], Callable[[], object]]:
    private, how = rsa.generate_private_key(public_exponent=65537, key_size=2048), padding.PKCS1v15()
    public, signature = private.public_key(), private.sign(MESSAGE, how, SHA256())
    return lambda: private.sign(MESSAGE, how, SHA256()), lambda: public.verify(signature, MESSAGE, how, SHA256())
