"""Receive, the public function: takes webhooks; a 2xx means that every event is durable."""
