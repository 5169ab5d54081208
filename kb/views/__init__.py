"""The pages of the knowledge base."""
