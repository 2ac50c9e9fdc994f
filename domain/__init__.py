"""The words of the business: frozen values that know nothing of databases, networks or frameworks."""
