"""What an instance tells about itself: log lines, and the counts in them."""
