"""Drills: a small real world that really breaks, and the incident that puts it right again."""
