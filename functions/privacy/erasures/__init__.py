"""The erasure of people's data: file, preview, undo and execute it."""
