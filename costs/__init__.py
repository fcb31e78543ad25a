"""The model of costs: the bytes that BigQuery bills for statements, and a cell's dollars a month.

The model computes the bytes from the texts in ``sql/``, which Google's analyser resolves, and from
the parameters that the code binds. docs/costs.md has the figures.
"""
