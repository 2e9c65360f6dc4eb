"""Settings that all tests share."""

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("certnn", deadline=None, print_blob=True)
settings.load_profile("certnn")
