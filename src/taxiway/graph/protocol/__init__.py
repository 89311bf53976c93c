"""What holds for every Graph request: addresses, query options, bodies, answers, errors (02 section 1)."""
