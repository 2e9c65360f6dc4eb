"""Certificates: exact proofs completed from approximate dual points. Untrusted; the kernel judges."""

from certnn.certificate.certify import Certified, certify
from certnn.certificate.document import Certificate
from certnn.certificate.dual_point import DualPoint, Products

__all__ = ["Certificate", "Certified", "DualPoint", "Products", "certify"]
