"""`fengqiao demo`: a day in the sandbox city, on a real Kafka and a real PostgreSQL."""
