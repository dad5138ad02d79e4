"""The migrations of the trail's tables, run by alembic when a trail is opened."""
