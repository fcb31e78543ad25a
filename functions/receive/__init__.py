"""Webhook to Pub/Sub: the public function; 2xx means that every event is durable."""
