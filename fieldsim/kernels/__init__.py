"""Compiled loops on plain arrays; imports nothing of fieldsim."""
