"""The insurers and concentrators of the simulated world: they receive, verify, answer.

Verification is independent of the services that built the flow: it rests on ``norms`` and certificates only.
"""
