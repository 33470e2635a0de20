"""Kafka: topics, reading by position, publishing. The only room of the hub that knows a Kafka client."""
