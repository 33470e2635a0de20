"""The pure heart: what a case is, what a message does to it. No I/O, no clock, no randomness."""
