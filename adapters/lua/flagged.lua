-- Return an incident's flag.
-- KEYS flag   -> {said, offset, order, reason}, nil for none, or 'unreadable' in a list of one
-- Changes nothing.
return flag_at(KEYS[1]) or {'unreadable'}
