"""The justice bureau 司法局: people's mediation, a modern system with a REST interface in JSON."""
