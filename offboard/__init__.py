"""A partner leaves all cells of a deployment: `make offboard`."""
