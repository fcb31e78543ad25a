"""What the functions read from secrets, and how such a file is kept fresh."""
