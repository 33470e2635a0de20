"""Public security 公安: file packages across a one-way gate, documents in the system's own XML and codes."""
