"""Certificates: exact proofs completed from approximate dual points. The kernel judges them."""

from certnn.certificate.certify import Certified, certify
from certnn.certificate.document import Certificate
from certnn.certificate.dual_point import DualPoint, Products

__all__ = ["Certificate", "Certified", "DualPoint", "Products", "certify"]
