"""What the house does by itself, durably; each file tells one part of an incident from top to bottom."""
