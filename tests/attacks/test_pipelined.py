"""Requests that were sent ahead: whoever waits for us is not let go, whichever of his requests it is."""

import asyncio

from starlette.types import Receive, Scope, Send

from serving import hello, serving

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_who_still_waits_for_an_answer_is_not_the_one_to_be_let_go() -> None:
    begun, may_answer = asyncio.Semaphore(0), asyncio.Semaphore(1)

    async def in_turn(scope: Scope, receive: Receive, send: Send) -> None:
        begun.release()
        await may_answer.acquire()
        await hello(scope, receive, send)

    async with serving(in_turn, connections=1) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(GET + GET)
        for _ in range(2):
            await begun.acquire()
        _, other = await asyncio.open_connection("127.0.0.1", served.port)
        await asyncio.sleep(0.1)
        may_answer.release()
        answers = [await reader.readuntil(b"\r\n\r\n") for _ in range(2)]
        writer.close()
        other.close()

    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 2
