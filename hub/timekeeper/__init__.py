"""From due moments to messages."""
