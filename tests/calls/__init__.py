"""Which calls of Google's APIs each function makes: recorded in the integration tests."""
