"""Following the journal for those who search it: persons by keyed hashes, numbers in one form, what a referral is about."""
