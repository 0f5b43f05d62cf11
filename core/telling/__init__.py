"""What people are told: sentences, views and time lines, computed from records alone and never decided upon."""
