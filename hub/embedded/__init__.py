"""A real Apache Kafka and a real PostgreSQL as child processes: no Docker, no system Java, no root needed."""
