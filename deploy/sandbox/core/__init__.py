"""What every stand-in shares: records, officers and their policies, the plan of matters, the checker."""
