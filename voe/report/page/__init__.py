"""`voe report`: runs -> one HTML page that needs nothing but itself."""
