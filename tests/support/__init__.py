"""Machinery of the tests: a real PostgreSQL, a real Chromium, axe-core, the architecture checker."""
