"""How each kind of build is made, as pure data: one module per toolchain; they read no files and start no processes."""
