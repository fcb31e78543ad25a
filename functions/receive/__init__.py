"""Receive, the public function that takes webhooks; a 2xx means that every event is durable."""
