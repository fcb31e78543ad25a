"""What all tests share."""

from hypothesis import settings

# The same examples in every run: a failure is never a matter of luck. `make soak` draws new ones.
settings.register_profile("test", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("test")
