"""django-hijack: impersonation by Django's own sessions."""

from bench.peers.django_hijack.operations import ACQUIRE, NAME, RELEASE
from bench.peers.django_hijack.service import subject

__all__ = ["ACQUIRE", "NAME", "RELEASE", "subject"]
