"""A model-based test of whole supervisor trees: stories, and the rules that they must obey."""

from tree_model.rules import check
from tree_model.story import tell

__all__ = ["tell", "check"]
