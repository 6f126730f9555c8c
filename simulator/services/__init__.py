"""Supplied services as seen from outside: JSON-RPC 2.0 over HTTP, on loopback."""

from simulator.services.http_rpc import ServiceHttp

__all__ = ["ServiceHttp"]
