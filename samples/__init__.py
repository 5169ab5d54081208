"""The sample company, and the generator of its documents."""
