"""Dashboard, the private function with the back-office page of a project's metrics."""
