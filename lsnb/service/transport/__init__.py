"""Requests to the service: `client` decides which path form, how often and how many at once; `wire` sends one."""

from lsnb.service.transport.client import Answer, Scope, Transport
from lsnb.service.transport.retry import should_retry

__all__ = ["Answer", "Scope", "Transport", "should_retry"]
