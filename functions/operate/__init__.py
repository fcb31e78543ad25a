"""Operate, the private function that replays events, settles the store and refreshes rollups."""
