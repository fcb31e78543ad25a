"""The parts that all requests share: the caller, their projects, people's ids, and pages."""
