"""What the doors take and answer, for the document: a module for each door, and one story that all of them tell."""
