"""The words of incident response. Pure: no I/O, no clock, no await, no logging."""
