"""Whether a loop still comes round."""

import math
import time


class Pulse:
    """Seconds of the monotonic clock at which a loop last did its work, and at which it last met trouble of the servers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last_poll, self.troubled_at = time.monotonic(), -math.inf

    def beat(self) -> None:
        """It did its work."""
        self.last_poll = time.monotonic()

    def trouble(self) -> None:
        """Kafka or PostgreSQL is away; it will try again."""
        self.troubled_at = time.monotonic()
