"""Masakari's REST API, Kasugai's own, and the projector of the view that both of them show.

May import `kasugai.core`, `kasugai.schemas` and `kasugai.adapters`. Masakari's words stay inside this room.
"""
