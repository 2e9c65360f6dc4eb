"""The commands of the command line, one a module: its options, and what it does with them.

Heavy imports are made where they are needed: ``certnn check`` needs the kernel alone.
"""
