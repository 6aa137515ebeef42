-- Takes the events that are due to be published. KEYS: events, those taken by this call. ARGV: ms.
return take_due(KEYS[1], KEYS[2], ARGV[1])
