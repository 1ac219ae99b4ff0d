"""Events told to programs: addresses that are called with every event, signed, in order, at least once."""
