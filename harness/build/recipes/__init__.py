"""How each kind of build is made, as pure data: one module per toolchain; they read and start nothing."""
