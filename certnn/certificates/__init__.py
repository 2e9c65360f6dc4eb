"""Certificates: exact proofs completed from approximate dual points. The kernel judges them."""

from certnn.certificates.certificate import Certificate
from certnn.certificates.certify import Certified, certify
from certnn.certificates.dual_point import DualPoint, Products

__all__ = ["Certificate", "Certified", "DualPoint", "Products", "certify"]
