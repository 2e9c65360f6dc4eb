"""Default audits of many problems: where gaps jump, and what is to be expected of an audit."""
