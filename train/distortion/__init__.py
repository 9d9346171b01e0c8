"""Pictures as people have them: scans, screenshots, photographs, sloppy crops."""
