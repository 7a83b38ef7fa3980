"""django-hijack's doors as operations."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from bench.conversation import Conversation
from bench.operation import Operation
from bench.peers.django_hijack.site import Site
from bench.talk import Expected

NAME = "django-hijack"
ACQUIRE, RELEASE = "acquire", "release"


def operations(site: Site) -> tuple[Operation, ...]:
    """In the order in which they are measured: whoever acts is there to stop."""
    doors, moved = Doors(site), Expected(status=HTTPStatus.FOUND)
    return (Operation(ACQUIRE, doors.acquire, moved), Operation(RELEASE, doors.release, moved))


@dataclass(frozen=True, slots=True)
class Doors:
    """The conversations of each operation, one for each connection."""

    site: Site

    async def acquire(self, connections: int) -> Sequence[Conversation]:
        """Each by an administrator who is not acting."""
        site = self.site
        return [_changing(site.idle, site.acting, site.acquire) for _ in range(connections)]

    async def release(self, connections: int) -> Sequence[Conversation]:
        """Each by an administrator who acts."""
        site = self.site
        return [_changing(site.acting, site.idle, site.release) for _ in range(connections)]


def _changing(waiting: deque[str], done: deque[str], request_of: Callable[[str], bytes]) -> Conversation:
    """Each answer brings the key of another session."""
    while waiting:
        session = waiting.popleft()
        try:
            answer = yield request_of(session)
        except GeneratorExit:
            # The time was over before this request was sent.
            waiting.appendleft(session)
            raise
        done.append(answer.decode())
