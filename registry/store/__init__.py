"""SQLAlchemy: the models, the engine with its transactions, and the queries that have names."""
