"""Reaching an LPS: configuration, transports (stdio, HTTP, in process), typed JSON-RPC client, breakdowns."""
