"""The public function `receive`: takes webhooks, and answers 2xx only if all events are durable."""
