"""Looking back: what happened in a case, and proof that the history is whole. Reads only, but for `rebuild`, which makes
tables anew, and `redelivery`, which publishes what operators ordered.
"""
