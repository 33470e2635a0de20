"""PostgreSQL: the journal and everything that follows from it. The only room that knows SQLAlchemy."""
