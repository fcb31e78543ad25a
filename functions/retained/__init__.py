"""Quarantine and spill: the objects in storage that wait for a replay."""
