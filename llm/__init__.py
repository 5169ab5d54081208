"""The one door to every model server. Knows no Django model."""
