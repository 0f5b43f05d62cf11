"""What is judged on the real services, a file a subject."""
