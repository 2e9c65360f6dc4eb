"""From files and other people's objects to a problem and a network; nothing in a file is run."""
