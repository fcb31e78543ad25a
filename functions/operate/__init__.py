"""The private function `operate`: replays events, settles the store and refreshes rollups."""
