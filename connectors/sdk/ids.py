"""The ids that the kit derives, so that the same change read twice is the same message."""

from schemas.identifiers import derived_id


def message_id(department: str, local_id: str) -> str:
    """The message id of the change that the department system knows as `local_id`. The same for ever."""
    return derived_id(department, local_id, "message")


def referral_id(department: str, local_id: str) -> str:
    """The id of the referral that the `referral.raised` of this change creates."""
    return derived_id(department, message_id(department, local_id), "referral")


def traceparent(message: str) -> str:
    """The W3C trace of a message that starts here: derived from its id, so re-sent bytes are the same."""
    trace = derived_id("trace", message, "trace").replace("-", "")
    return f"00-{trace}-{trace[16:]}-01"
