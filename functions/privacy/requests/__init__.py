"""The parts that requests share: the caller, the caller's projects, people's ids, and pages."""
