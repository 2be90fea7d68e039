"""One file for each thing that people do. Services own the transaction and take the clock."""
