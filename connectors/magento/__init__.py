"""Magento: the commerce catalogue of a merchant."""
