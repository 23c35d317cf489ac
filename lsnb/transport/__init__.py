"""Requests to the service: `client` decides which path form, how often and how many at once; `wire` sends one."""

from lsnb.transport.client import Answer, Scope, Transport
from lsnb.transport.retry import should_retry

__all__ = ["Answer", "Scope", "Transport", "should_retry"]
