"""What a site sells and to whom: catalogue, shops, carts, orders, codes, payments, benefits."""
