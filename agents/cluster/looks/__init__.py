"""Where pictures come from: commands of this host, and HTTP. What the answers mean is told by `reading`."""
