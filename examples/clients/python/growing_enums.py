"""A plugin of ariadne-codegen: values that an enum gains after the client was made are let in, not refused."""

import ast

from ariadne_codegen.plugins.base import Plugin
from graphql import GraphQLEnumType

MISSING = '''
@classmethod
def _missing_(cls, value: object) -> "Self":
    """A value that the API gained later; compare with members in a `match` that ends in `case _`."""
    later = str.__new__(cls, str(value))
    later._name_ = later._value_ = str(value)
    return later
'''


class GrowingEnums(Plugin):
    """Adds `_missing_` to every enum."""

    def generate_enum(self, class_def: ast.ClassDef, enum_type: GraphQLEnumType) -> ast.ClassDef:
        """The enum with a way for values that it does not know."""
        del enum_type
        class_def.body += ast.parse(MISSING).body
        return class_def

    def generate_enums_module(self, module: ast.Module) -> ast.Module:
        """The module with what the method refers to."""
        module.body[:0] = ast.parse("from typing import Self").body
        return module
