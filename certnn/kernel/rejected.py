"""The verdict on a certificate that was read and does not prove its claim."""


class Rejected(ValueError):
    """The certificate was read, and it does not prove what it claims, or not in bounded work."""
