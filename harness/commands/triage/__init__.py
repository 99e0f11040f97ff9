"""`triage`: find out why a test fails, and keep the list of limitations true. One module per group of subcommands."""
