"""Tools for people who write contracts: compile, check, compare, package. Never part of a Lambda."""
