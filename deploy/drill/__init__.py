"""`fengqiao drill`: everything is killed, stopped and cut under load, and then every department's books are counted."""
