"""What runs within Nova's processes, in Nova's environment: it imports nothing of ours."""
