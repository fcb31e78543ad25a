"""Erasures, exports, look-ups, holds, offboardings and residency: a person's rights, in a cell."""
