"""`make verify`: checks a deployment in the real cloud, which no other test can do."""
