"""The routes, and what each of them is made of."""
