"""Where a cell's parts really are, asked of Google's APIs."""
