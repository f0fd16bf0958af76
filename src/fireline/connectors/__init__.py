"""The wires to other systems: one file per system, what it can be asked, and how its trouble is told.

Connectors are plain synchronous calls made from worker threads. They try once: trying again is
decided in one place, by the work that called them. They do not know each other.
"""
