"""What executes guests: one adapter per runtime; `choose.adapter` picks one."""
