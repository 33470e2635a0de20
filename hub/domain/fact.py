"""The base of all events: apart, so that events of one matter can have a module of their own."""

from msgspec import Struct


class Fact(Struct, tag_field="e", omit_defaults=True, gc=False):
    """What all kinds of events share: the stored form names the kind first and leaves out what says nothing."""
