"""The privacy function: erasures, exports, legal holds, offboardings and reports."""
