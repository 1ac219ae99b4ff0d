def register() -> None:
    """Filled by the ledger."""
