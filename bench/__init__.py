"""How fast each door is on this machine, beside what the machine itself can do."""
