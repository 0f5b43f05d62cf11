"""What is drawn by chance and nowhere else derived: the uuids of things that people and their clients name by them."""

from uuid import uuid4


def new_uuid() -> str:
    """Return a fresh uuid in its canonical form."""
    return str(uuid4())
