"""The back-office page: the private function that shows a project's numbers to people."""
