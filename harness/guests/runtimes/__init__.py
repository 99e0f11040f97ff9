"""One adapter for each runtime (`harness.guests.adapter`), and the table that chooses one (`choose`)."""
