"""What keeps a cell going: the private function that replays, settles and refreshes."""
