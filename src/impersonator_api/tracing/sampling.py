"""Which traces are kept: the caller's as the caller says, of our own a share, and none that no request began."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes
from typing_extensions import override


class _RequestsOnly(Sampler):
    """The worker's rounds ask the database all day long; each would be a trace of one statement."""

    def __init__(self, share: float) -> None:
        self._requests = TraceIdRatioBased(share)

    @override
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        sampler = self._requests if kind is SpanKind.SERVER else ALWAYS_OFF
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    @override
    def get_description(self) -> str:
        return f"RequestsOnly({self._requests.get_description()})"


def of_requests(share: float) -> Sampler:
    """Whatever belongs to a trace goes with it; a request that begins one is kept with this chance."""
    return ParentBased(root=_RequestsOnly(share))
