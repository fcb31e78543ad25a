"""Dashboard, the private function that serves the back-office page with a project's metrics."""
