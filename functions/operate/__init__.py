"""What keeps a cell going: the private function that replays what was put aside."""
