"""What is in a results folder, at a glance."""
