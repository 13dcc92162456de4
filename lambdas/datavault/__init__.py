"""DataVault: a data pipeline that accounts for every record."""
