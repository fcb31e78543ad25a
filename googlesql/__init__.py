"""Google's own SQL analyser, run in this process. Tests and the model of costs use it."""
