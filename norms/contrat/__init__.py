"""The contracts between an LPS and the world around it: ports, adapter protocol, supplied services.

They belong to neither side, so both may rest on them (docs/adr/0002).
"""
