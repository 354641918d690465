"""Scenario files: read, check, build, run, and find those that ship."""
