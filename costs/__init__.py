"""What a cell costs: the bytes that its statements bill, and the dollars of a month.

The bytes come from the texts in ``sql/``, as Google's analyser resolves them, and from the
parameters that the code binds. docs/costs.md has the figures.
"""
