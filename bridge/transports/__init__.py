"""Both buses on which Nova notifies, behind one port (`bridge.ports.Feed`)."""
