"""The private function `dashboard`: serves a page with the metrics of a project."""
