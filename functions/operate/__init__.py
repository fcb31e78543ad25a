"""Operate, the private function that replays, settles and refreshes."""
