"""Imports of products."""

from domain.product_import import ProductImport
from storage.collection import Collection

PRODUCT_IMPORTS = Collection("product_imports", ProductImport)
