"""The relaxation with its facts eliminated: distinct directions, groups, dual iterates."""
