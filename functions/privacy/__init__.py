"""The privacy function: erasures, exports, look-ups, legal holds, offboardings and residency."""
