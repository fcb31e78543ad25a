"""`make offboard`: removes a partner from all cells of a deployment."""
